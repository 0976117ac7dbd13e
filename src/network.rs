//! Networks that limits count clients by, and the proxies that are trusted to name their clients.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

/// What limits count as one client: an IPv4 address, or an IPv6 /64, since a single customer usually has a whole /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network(IpAddr);

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => Self(Ipv6Addr::from_bits(masked(address.to_bits(), 64)).into()),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(address) => write!(f, "{address}/64"),
        }
    }
}

/// Addresses and networks (CIDR) of the proxies whose word about their clients' addresses is believed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<Block>);

/// The addresses that share these leading bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Block {
    address: IpAddr,
    bits: u8,
}

impl TrustedProxies {
    /// Returns whether a proxy at this address is believed.
    pub fn contain(&self, address: IpAddr) -> bool {
        // A dual-stack socket reports IPv4 peers as `::ffff:a.b.c.d`.
        let address = address.to_canonical();
        self.0.iter().any(|block| block.contains(address))
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    /// Parses addresses and networks that are separated by blanks or commas.
    fn from_str(text: &str) -> Result<Self, String> {
        let words = text.split([' ', ',']).filter(|word| !word.is_empty());
        words.map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl FromStr for Block {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let refuse = || format!("`{word}` is neither an address nor a network such as `10.0.0.0/8`");
        let (address, bits) = word.split_once('/').map_or((word, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| refuse())?;
        let most = if address.is_ipv4() { Ipv4Addr::BITS } else { Ipv6Addr::BITS };
        let bits = bits.map_or(Ok(most), str::parse::<u32>).ok().filter(|bits| *bits <= most).ok_or_else(refuse)?;
        Ok(Self { address, bits: u8::try_from(bits).map_err(|_| refuse())? })
    }
}

impl Block {
    fn contains(&self, address: IpAddr) -> bool {
        let bits = u32::from(self.bits);
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                // Moved to the leading 32 bits, so that one mask serves both families.
                let wide = |address: Ipv4Addr| masked(u128::from(address.to_bits()) << 96, bits);
                wide(own) == wide(other)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => masked(own.to_bits(), bits) == masked(other.to_bits(), bits),
            _ => false,
        }
    }
}

/// Returns the leading bits of an address, with all others zero.
fn masked(address: u128, bits: u32) -> u128 {
    // A shift by 128 overflows: for 0 bits the mask is empty.
    address & u128::MAX.checked_shl(u128::BITS - bits).unwrap_or_default()
}
