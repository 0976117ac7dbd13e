//! The table `snapshot_seals`: the seal of each PDF, which never changes once its file is stored.

use room::{SealSummary, SnapshotId, Time};
use sha2::{Digest, Sha256};

use super::Tx;
use crate::error::Result;

/// What a seal states about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealSays {
    /// The time that the server claims.
    pub sealed_at: Time,
    /// The name of the signer in the certificate.
    pub signer: String,
    /// Whether the certificate is self-signed.
    pub self_made: bool,
    /// The time that an authority attests, if one was asked and replied.
    pub trusted_time: Option<Time>,
    /// Why there is no trusted time, if there is none.
    pub note: Option<String>,
}

/// A seal as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSeal {
    /// What the seal states.
    pub says: SealSays,
    /// The signature, as CMS in DER.
    pub cms: Vec<u8>,
}

/// Returns the seal of a snapshot. `None` if it has none yet.
pub async fn find(tx: &mut Tx, snapshot: SnapshotId) -> Result<Option<StoredSeal>> {
    let row = tx
        .opt(
            "SELECT sealed_at, cms, signer, self_made, trusted_time, note FROM snapshot_seals WHERE snapshot_id = ?1",
            &[&snapshot],
        )
        .await?;
    row.map(|row| {
        let says = SealSays {
            sealed_at: row.get(0)?,
            signer: row.get(2)?,
            self_made: row.get(3)?,
            trusted_time: row.get(4)?,
            note: row.get(5)?,
        };
        Ok(StoredSeal { says, cms: row.get(1)? })
    })
    .transpose()
}

/// Stores a seal, unless the snapshot has one already, or is gone.
pub async fn keep(tx: &mut Tx, snapshot: SnapshotId, seal: &StoredSeal) -> Result<()> {
    // No two seals are alike, since each has its own time. The one that is stored first is kept, so every later attempt
    // makes the same file.
    let StoredSeal { says, cms } = seal;
    tx.exec(
        "INSERT INTO snapshot_seals (snapshot_id, sealed_at, cms, signer, self_made, trusted_time, note)
         SELECT id, ?2, ?3, ?4, ?5, ?6, ?7 FROM snapshots WHERE id = ?1
         ON CONFLICT (snapshot_id) DO NOTHING",
        &[&snapshot, &says.sealed_at, cms, &says.signer, &says.self_made, &says.trusted_time, &says.note],
    )
    .await
    .map(drop)
}

/// Deletes this seal of a snapshot whose file was never stored.
pub async fn drop_unused(tx: &mut Tx, snapshot: SnapshotId, cms: &[u8]) -> Result<()> {
    let unused = "DELETE FROM snapshot_seals WHERE snapshot_id = ?1 AND cms = ?2
                  AND NOT EXISTS (SELECT 1 FROM snapshot_files f WHERE f.snapshot_id = ?1)";
    tx.exec(unused, &[&snapshot, &cms]).await.map(drop)
}

impl From<StoredSeal> for SealSummary {
    fn from(StoredSeal { says, cms }: StoredSeal) -> Self {
        let SealSays { sealed_at, signer, self_made, trusted_time, note } = says;
        Self { signer, self_made, sealed_at, trusted_time, note, sha256: hex::encode(Sha256::digest(cms)) }
    }
}
