//! How the log of heads comes to its witnesses: each new head is brought to all of them, and their cosignatures are kept.

use crate::{
    app::App,
    db::{self, heads_log::Sight},
    error::{Error, Result},
    evidence::{Checkpoint, Question, with_signatures},
    witnesses::{Answer, WitnessAddress, submit},
};

/// Brings the newest head to the witnesses of the settings that have not seen it.
///
/// What goes wrong with one of them is remembered, and stands in no other's way.
pub async fn bring_to_witnesses(app: &App) -> Result<()> {
    let witnesses = app.config.witnesses();
    if witnesses.is_empty() {
        return Ok(());
    }
    let (note, sights) = app
        .db
        .read(async |tx| {
            let Some(log) = db::heads_log::find(tx).await? else { return Ok((None, Vec::new())) };
            Ok((db::heads_log::checkpoint_of(tx, log.size).await?, db::heads_log::sights(tx).await?))
        })
        .await?;
    let Some(note) = note else { return Ok(()) };
    let head = Checkpoint::unchecked(&note).map_err(|error| Error::internal(format!("the log of heads: {error}")))?;
    for witness in witnesses {
        let key = witness.key.to_string();
        let before = sights.iter().find(|sight| sight.witness == key);
        let known = before.filter(|sight| sight.origin == head.origin).map_or(0, |sight| sight.size);
        let has_seen = known == head.size && before.is_some_and(|sight| sight.fault.is_none());
        if !has_seen {
            let asked = ask(app, witness, (&head, &note), known).await?;
            remember(app, witness, (&head, known), before, asked).await?;
        }
    }
    Ok(())
}

/// What came of asking a witness: the lines of its signatures, or what stands in the way.
type Asked = std::result::Result<String, String>;

/// Asks a witness to cosign the head, which it should know up to this size.
async fn ask(app: &App, witness: &WitnessAddress, (head, note): (&Checkpoint, &str), known: u64) -> Result<Asked> {
    let mut from = known;
    for is_again in [false, true] {
        let proof = match from {
            0 => Vec::new(),
            from => {
                let question = Question::Consistency { from, to: head.size };
                let proof = app.db.read(async |tx| db::heads_log::answer(tx, question).await).await?;
                proof.ok_or_else(|| Error::internal("the tree of the log of heads lacks nodes"))?
            }
        };
        let told = match submit(witness, from, &proof, note).await {
            Ok(Answer::Cosigned(lines)) => return Ok(Ok(lines)),
            Ok(Answer::Has(size)) if size > head.size => format!(
                "it has seen {size} entries of `{}`, and this server has {}: the database was put back, or another server \
                 signs with this key",
                head.origin, head.size
            ),
            // What it knew last was not remembered here.
            Ok(Answer::Has(size)) if !is_again && size != from => {
                from = size;
                continue;
            }
            Ok(Answer::Has(size)) => format!(
                "it has seen other entries than the first {size} of `{}` here: another server signs with this key, or the \
                 database was put back",
                head.origin
            ),
            Ok(Answer::Refused { status, why }) => format!("it refuses the head ({status}): {why}"),
            Err(why) => why,
        };
        return Ok(Err(told));
    }
    Ok(Err("it names another size each time that it is asked".to_owned()))
}

/// Keeps what a witness has answered, and says in the program's log what stands in the way, if that is news.
async fn remember(
    app: &App,
    witness: &WitnessAddress,
    (head, known): (&Checkpoint, u64),
    before: Option<&Sight>,
    asked: Asked,
) -> Result<()> {
    let name = witness.key.name();
    let fault = asked.as_ref().err().cloned();
    match (&fault, before.and_then(|sight| sight.fault.as_ref())) {
        (Some(why), known) if known != Some(why) => {
            tracing::error!(witness = name, why, "a witness does not cosign the log of heads");
        }
        (None, Some(_)) => tracing::info!(witness = name, "the witness cosigns the log of heads again"),
        _ => {}
    }
    let seen_size = if fault.is_none() { head.size } else { known };
    let (origin, seen_at) = (head.origin.clone(), app.now());
    let sight = Sight { witness: witness.key.to_string(), origin, size: seen_size, fault, seen_at };
    let (size, witness) = (head.size, witness.key.clone());
    app.db
        .write(async move |tx| {
            if let Ok(lines) = &asked
                && let Some(note) = db::heads_log::checkpoint_of(tx, size).await?
                // Another node may have asked as well.
                && matches!(witness.saw(&note), Ok(None))
                && let Ok(cosigned) = with_signatures(&note, lines)
            {
                db::heads_log::cosign(tx, size, &cosigned).await?;
            }
            db::heads_log::see(tx, &sight).await
        })
        .await
}
