//! IMO ship numbers: seven digits, of which the last is a check digit.

const WEIGHTS: [u32; 6] = [7, 6, 5, 4, 3, 2];

/// Why a text is not an IMO number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoImoNumber {
    /// The text is not seven digits.
    NotSevenDigits,
    /// The digits are those that people type where they have no number. Some of them pass the check by chance.
    Placeholder,
    /// The check digit is wrong; it would have to be this one.
    CheckDigit(u32),
}

impl NoImoNumber {
    /// Returns what is wrong, in words that follow the name of the field.
    pub fn message(self) -> String {
        match self {
            Self::NotSevenDigits => {
                "must be seven digits such as `9074729`; leave it out and give `no_imo_reason` where there is none"
                    .into()
            }
            Self::Placeholder => {
                "is a placeholder and the number of no ship; leave it out and give `no_imo_reason` where \
                                  there is none"
                    .into()
            }
            Self::CheckDigit(due) => format!("is mistyped: its last digit, which checks the others, would be {due}"),
        }
    }
}

/// Parses an IMO number, with letters such as `IMO` or `imo no.` before it or without, and returns its seven digits. The
/// sum of the first six, each times its weight of 7 to 2, has to end in the seventh.
pub fn parse(given: &str) -> Result<String, NoImoNumber> {
    let number = without_label(given.trim());
    let digits: Option<Vec<u32>> = number.chars().map(|c| c.to_digit(10)).collect();
    let digits = digits.filter(|digits| digits.len() == 7).ok_or(NoImoNumber::NotSevenDigits)?;
    // Numbers are given out from 1000000 on.
    if digits[0] == 0 || digits.iter().all(|digit| *digit == digits[0]) || number == "1234567" {
        return Err(NoImoNumber::Placeholder);
    }
    let due = std::iter::zip(WEIGHTS, &digits).map(|(weight, digit)| weight * digit).sum::<u32>() % 10;
    if digits[6] == due { Ok(number.to_owned()) } else { Err(NoImoNumber::CheckDigit(due)) }
}

/// Returns what follows `IMO`, `IMO:`, `IMO No.`, `imo-nr`, `IMO number` and the like.
fn without_label(given: &str) -> &str {
    let Some(rest) = after(given, "imo") else { return given };
    let between = |c: char| c.is_whitespace() || ".:#-–№".contains(c);
    let rest = rest.trim_start_matches(between);
    let word = ["number", "num", "no", "nr"].iter().find_map(|word| after(rest, word));
    word.unwrap_or(rest).trim_start_matches(between)
}

/// Returns what follows this word, in whatever case it is written.
fn after<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(word.len())?;
    start.eq_ignore_ascii_case(word).then_some(rest)
}
