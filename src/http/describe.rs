//! Handlers describe themselves: what one takes and what it answers with is what the document says.

use super::route_doc::RouteDoc;
use crate::error::Result;

/// What a handler takes from the request.
pub trait Takes {
    /// Adds it to the description.
    fn describe(doc: &mut RouteDoc);
}

/// What a handler answers with.
pub trait Answers {
    /// Adds it to the description.
    fn describe(doc: &mut RouteDoc);
}

/// A handler whose arguments and answer describe themselves.
pub trait Describe<T> {
    /// Adds them to the description.
    fn describe(doc: &mut RouteDoc);
}

macro_rules! describe_handlers {
    ($(($($argument:ident),+))+) => {$(
        impl<F, Fut, M, A, $($argument),+> Describe<(M, $($argument,)+)> for F
        where
            F: Fn($($argument),+) -> Fut,
            Fut: Future<Output = Result<A>>,
            A: Answers,
            $($argument: Takes,)+
        {
            fn describe(doc: &mut RouteDoc) {
                $($argument::describe(doc);)+
                A::describe(doc);
            }
        }
    )+};
}

describe_handlers! {
    (T1)
    (T1, T2)
    (T1, T2, T3)
    (T1, T2, T3, T4)
    (T1, T2, T3, T4, T5)
    (T1, T2, T3, T4, T5, T6)
}
