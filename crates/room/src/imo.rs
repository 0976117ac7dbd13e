//! IMO ship numbers: seven digits, of which the last checks the others.

const WEIGHTS: [u32; 6] = [7, 6, 5, 4, 3, 2];

/// Why a text is no IMO number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoImoNumber {
    /// Not seven digits.
    NotSevenDigits,
    /// The last digit should be this one.
    CheckDigit(u32),
}

impl NoImoNumber {
    /// What is wrong, following the field's name.
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

/// Reads an IMO number, with the letters before it or without: the sum of its first six digits, times
/// 7 to 2, ends in the seventh.
pub fn read(given: &str) -> Result<String, NoImoNumber> {
    let given = given.trim();
    let number = given.strip_prefix("IMO").unwrap_or(given).trim();
    let digits: Option<Vec<u32>> = number.chars().map(|c| c.to_digit(10)).collect();
    let digits = digits.filter(|digits| digits.len() == 7).ok_or(NoImoNumber::NotSevenDigits)?;
    let due = std::iter::zip(WEIGHTS, &digits).map(|(weight, digit)| weight * digit).sum::<u32>() % 10;
    if digits[6] == due { Ok(number.to_owned()) } else { Err(NoImoNumber::CheckDigit(due)) }
}
