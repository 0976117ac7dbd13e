//! A file store that stops answering in the middle of something. Whoever waits for it is told so within minutes, which
//! pass at once here: the clock of the runtime goes on as soon as nothing else is left to do.

use std::{fmt::Display, future::pending, path::Path as FilePath, sync::Arc};

use futures_util::{
    StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use object_store::{
    CopyOptions, GetOptions, GetResult, GetResultPayload, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, RenameOptions, Result, UploadPart, local::LocalFileSystem,
    path::Path as Key,
};
use sts_clearance::{error::Error, files::Files};

const STEPS: [Step; 9] = [
    Step::Put,
    Step::Begin,
    Step::Part,
    Step::Complete,
    Step::Rename,
    Step::Open,
    Step::Read,
    Step::Delete,
    Step::List,
];

/// What a store has to do. Of the first that is named, it never comes to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Put,
    Begin,
    Part,
    Complete,
    Rename,
    Open,
    Read,
    Delete,
    List,
}

/// A store that hangs at one step.
#[derive(Debug)]
struct Hanging {
    inner: LocalFileSystem,
    at: Step,
}

impl Hanging {
    async fn pass(&self, step: Step) {
        if self.at == step {
            pending::<()>().await;
        }
    }
}

impl Display for Hanging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a store that hangs at {:?}", self.at)
    }
}

#[async_trait::async_trait]
impl ObjectStore for Hanging {
    async fn put_opts(&self, key: &Key, bytes: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.pass(Step::Put).await;
        self.inner.put_opts(key, bytes, options).await
    }

    async fn put_multipart_opts(&self, key: &Key, options: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.pass(Step::Begin).await;
        let inner = self.inner.put_multipart_opts(key, options).await?;
        Ok(Box::new(HangingUpload { inner, at: self.at }))
    }

    async fn get_opts(&self, key: &Key, options: GetOptions) -> Result<GetResult> {
        self.pass(Step::Open).await;
        let opened = self.inner.get_opts(key, options).await?;
        let payload =
            if self.at == Step::Read { GetResultPayload::Stream(stream::pending().boxed()) } else { opened.payload };
        Ok(GetResult { payload, ..opened })
    }

    fn delete_stream(&self, keys: BoxStream<'static, Result<Key>>) -> BoxStream<'static, Result<Key>> {
        if self.at == Step::Delete { stream::pending().boxed() } else { self.inner.delete_stream(keys) }
    }

    fn list(&self, folder: Option<&Key>) -> BoxStream<'static, Result<ObjectMeta>> {
        if self.at == Step::List { stream::pending().boxed() } else { self.inner.list(folder) }
    }

    async fn list_with_delimiter(&self, folder: Option<&Key>) -> Result<ListResult> {
        self.inner.list_with_delimiter(folder).await
    }

    async fn copy_opts(&self, from: &Key, to: &Key, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }

    async fn rename_opts(&self, from: &Key, to: &Key, options: RenameOptions) -> Result<()> {
        self.pass(Step::Rename).await;
        self.inner.rename_opts(from, to, options).await
    }
}

/// A file that is being written to a store that hangs.
#[derive(Debug)]
struct HangingUpload {
    inner: Box<dyn MultipartUpload>,
    at: Step,
}

#[async_trait::async_trait]
impl MultipartUpload for HangingUpload {
    fn put_part(&mut self, bytes: PutPayload) -> UploadPart {
        if self.at == Step::Part { Box::pin(pending()) } else { self.inner.put_part(bytes) }
    }

    async fn complete(&mut self) -> Result<PutResult> {
        if self.at == Step::Complete {
            return pending().await;
        }
        self.inner.complete().await
    }

    async fn abort(&mut self) -> Result<()> {
        self.inner.abort().await
    }
}

/// Has a store do everything once that the server has it do.
async fn use_all_of(files: &Files) -> Result<(), Error> {
    files.put("rooms/a/record.json", b"a record".to_vec()).await?;
    let mut staging = files.stage("upload").await?;
    for _ in 0..8 {
        staging.add(&vec![b'x'; 128 * 1024]).await?;
    }
    let kept = staging.finish().await?.keep_as("rooms/a/paper.pdf").await?;
    let (size, _) = files.digest("rooms/a/paper.pdf").await?.expect("it is there");
    assert_eq!(size, 1024 * 1024);
    files.find("rooms/a/record.json").await?;
    assert_eq!(files.listed("rooms").try_collect::<Vec<_>>().await?.len(), 2);
    files.delete("rooms/a/record.json").await?;
    kept.discard().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stops_answering_is_given_up_at_whatever_step_it_does_so() {
    let words = "the file store does not answer; look whether your change was made before you repeat it";
    for at in STEPS {
        let dir = tempfile::tempdir().unwrap();
        let hanging = Hanging { inner: store_in(dir.path()), at };
        let files = Files::open(dir.path().to_str().unwrap()).unwrap().behind(Arc::new(hanging));
        let error = use_all_of(&files).await.expect_err("it hangs at one of them");
        assert_eq!((error.status(), error.detail().as_str()), ((503, "store_silent"), words), "{at:?}: {error}");
    }
    let dir = tempfile::tempdir().unwrap();
    use_all_of(&Files::open(dir.path().to_str().unwrap()).unwrap()).await.expect("one that answers");
}

fn store_in(path: &FilePath) -> LocalFileSystem {
    LocalFileSystem::new_with_prefix(path).unwrap()
}
