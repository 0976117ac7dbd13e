//! IMO ship numbers: seven digits, of which the last is a check digit.

const WEIGHTS: [u32; 6] = [7, 6, 5, 4, 3, 2];

/// Why a text is not an IMO number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoImoNumber {
    /// The text is not seven digits.
    NotSevenDigits,
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
            Self::CheckDigit(due) => format!("is mistyped: its last digit, which checks the others, would be {due}"),
        }
    }
}

/// Parses an IMO number, with the letters `IMO` before it or without, and returns its seven digits. The sum of the
/// first six, each times its weight of 7 to 2, has to end in the seventh.
pub fn parse(given: &str) -> Result<String, NoImoNumber> {
    let given = given.trim();
    let number = given.strip_prefix("IMO").unwrap_or(given).trim();
    let digits: Option<Vec<u32>> = number.chars().map(|c| c.to_digit(10)).collect();
    let digits = digits.filter(|digits| digits.len() == 7).ok_or(NoImoNumber::NotSevenDigits)?;
    let due = std::iter::zip(WEIGHTS, &digits).map(|(weight, digit)| weight * digit).sum::<u32>() % 10;
    if digits[6] == due { Ok(number.to_owned()) } else { Err(NoImoNumber::CheckDigit(due)) }
}
