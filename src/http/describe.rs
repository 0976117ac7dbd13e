//! Handlers describe themselves: what one takes and what it answers with is what the document says.

use super::operation::Operation;
use crate::error::Result;

/// What a handler takes from the request.
pub trait Takes {
    /// Adds it to the description.
    fn describe(operation: &mut Operation);
}

/// What a handler answers with.
pub trait Answers {
    /// Adds it to the description.
    fn describe(operation: &mut Operation);
}

/// A handler whose arguments and answer describe themselves.
pub trait Describe<T> {
    /// Adds them to the description.
    fn describe(operation: &mut Operation);
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
            fn describe(operation: &mut Operation) {
                $($argument::describe(operation);)+
                A::describe(operation);
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
