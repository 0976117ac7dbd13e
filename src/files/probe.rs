//! What a store is tried for before the first file is entrusted to it: that it does what it is told.

use bytes::Bytes;
use object_store::{Error as StoreError, ObjectStore, ObjectStoreExt, PutMode, PutPayload, path::Path};

use super::{Files, staging::WAITING};
use crate::random;

/// What came of the trial of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trial {
    /// It does what it is told.
    Passed,
    /// It says that it has done something that it has not, or cannot do it, as these words say.
    Failed(String),
    /// It takes no file at the moment, for this reason, such as a full disk.
    NotMade(String),
}

const FIRST: &[u8] = b"the first of two files of one name";
const SECOND: &[u8] = b"the second, which has to be refused";

impl Files {
    /// Tries the store with a small file, which is removed again.
    pub async fn try_out(&self) -> Trial {
        // Where uploads wait: if the process ends meanwhile, the sweep removes it.
        let key = Path::from(format!("{WAITING}/trial-{}", random::new_uuid()));
        let tried = try_with(&*self.store, &key).await;
        // Also after a failure. What cannot be removed now is swept.
        let removed = self.store.delete(&key).await;
        match tried {
            Trial::Passed => still_there(&*self.store, &key, removed).await,
            failed => failed,
        }
    }
}

async fn try_with(store: &dyn ObjectStore, key: &Path) -> Trial {
    let create = |bytes: &'static [u8]| store.put_opts(key, PutPayload::from_static(bytes), PutMode::Create.into());
    match create(FIRST).await {
        Ok(_) => {}
        Err(error @ (StoreError::NotSupported { .. } | StoreError::NotImplemented { .. })) => {
            return Trial::Failed(format!("it cannot make a file only if there is none of the name: {error}"));
        }
        Err(error) => return Trial::NotMade(error.to_string()),
    }
    match create(SECOND).await {
        Err(StoreError::AlreadyExists { .. }) => {}
        Ok(_) => return Trial::Failed("it made a file although there was one of the same name".to_owned()),
        Err(error) => return Trial::Failed(format!("it does not say that a file of the same name is there: {error}")),
    }
    let whole = store.get_range(key, 0..FIRST.len() as u64).await;
    let part = store.get_range(key, 4..9).await;
    match (whole, part) {
        (Ok(whole), Ok(part)) if whole == Bytes::from_static(FIRST) && part == Bytes::from_static(&FIRST[4..9]) => {
            Trial::Passed
        }
        (Ok(_), Ok(_)) => Trial::Failed("what is read of a file is not what was written".to_owned()),
        (Err(error), _) | (_, Err(error)) => Trial::Failed(format!("a file that was written cannot be read: {error}")),
    }
}

async fn still_there(store: &dyn ObjectStore, key: &Path, removed: Result<(), StoreError>) -> Trial {
    match (removed, store.head(key).await) {
        (_, Err(StoreError::NotFound { .. })) => Trial::Passed,
        (Err(error), _) => Trial::Failed(format!("a file cannot be removed: {error}")),
        (Ok(()), _) => Trial::Failed("a file is there after it was removed".to_owned()),
    }
}
