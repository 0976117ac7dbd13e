//! Seals a PDF with a self-made identity and says what each step took: `seal IN OUT`.

use std::io::Write as _;
use std::time::Instant;

use jiff::Timestamp;
use seal::{Authorities, Identity};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(input), Some(output)) = (args.next(), args.next()) else { return Err("usage: seal IN OUT".into()) };
    let unsealed = std::fs::read(input)?;
    let mut out = std::io::stdout().lock();
    let mut start = Instant::now();
    let mut say = |step: &str| {
        let line = writeln!(out, "{step}: {:?}", start.elapsed());
        start = Instant::now();
        line
    };

    let at = Timestamp::from_second(1_790_000_000)?;
    let identity = Identity::self_made("sts.example", at, [7; 32])?;
    say("identity")?;
    let made = seal::sign(&unsealed, &identity, at)?;
    say("sign")?;
    let sealed = seal::apply(&unsealed, &made)?;
    say("apply")?;
    let (prefix, found) = seal::split(&sealed).ok_or("there is no seal")?;
    say("split")?;
    let checked = seal::check(prefix, &found, &Authorities::none())?;
    say("check")?;
    if found != made || prefix != unsealed {
        return Err("the seal that was found is another".into());
    }
    std::fs::write(output, &sealed)?;
    writeln!(out, "{} bytes more; {checked:?}", sealed.len() - unsealed.len())?;
    Ok(())
}
