//! A form of a page, filled in and sent as a browser without script does it.

/// The fields that a browser would send of a form.
#[derive(Debug, Clone)]
pub(crate) struct PageForm {
    fields: Vec<(String, String)>,
}

impl PageForm {
    /// Reads the form of a page that is sent to this path.
    #[track_caller]
    pub(crate) fn of(page: &str, action: &str) -> Self {
        let begin = page.find(&format!("action=\"{action}\"")).unwrap_or_else(|| panic!("no form {action}: {page}"));
        let form = page[begin..].split("</form>").next().unwrap();
        let (mut fields, mut select) = (Vec::new(), None::<(String, Option<String>)>);
        for tag in form.split('<') {
            let value = || attribute(tag, "value").unwrap_or_default();
            match tag.split([' ', '>']).next().unwrap() {
                "input" if attribute(tag, "type").as_deref() == Some("file") => {}
                "input" if attribute(tag, "type").as_deref() == Some("checkbox") && !tag.contains(" checked") => {}
                "input" => fields.push((attribute(tag, "name").unwrap(), value())),
                "textarea" => fields.push((attribute(tag, "name").unwrap(), text(tag.split_once('>').unwrap().1))),
                "select" => select = Some((attribute(tag, "name").unwrap(), None)),
                "option" => {
                    let chosen = &mut select.as_mut().unwrap().1;
                    if chosen.is_none() || tag.contains(" selected") {
                        *chosen = Some(value());
                    }
                }
                "/select" => {
                    let (name, chosen) = select.take().unwrap();
                    fields.push((name, chosen.unwrap_or_default()));
                }
                _ => {}
            }
        }
        Self { fields }
    }

    /// Types a value into a field.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        let field = self.fields.iter_mut().find(|(field, _)| field == name);
        value.clone_into(&mut field.unwrap_or_else(|| panic!("no field {name}")).1);
        self
    }

    /// Takes the tick from a box, or from all boxes of a name.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self
    }

    /// Ticks a box.
    pub(crate) fn ticking(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Returns what a field shows.
    pub(crate) fn shows(&self, name: &str) -> &str {
        self.fields.iter().find(|(field, _)| field == name).map_or("", |(_, value)| value)
    }

    /// Returns what is sent.
    pub(crate) fn fields(&self) -> Vec<(&str, &str)> {
        self.fields.iter().map(|(name, value)| (&**name, &**value)).collect()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let begin = tag.find(&format!(" {name}=\""))? + name.len() + 3;
    tag[begin..].split('"').next().map(text)
}

fn text(escaped: &str) -> String {
    escaped.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}
