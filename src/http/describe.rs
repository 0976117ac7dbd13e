//! Handlers describe themselves: their route's entry in the OpenAPI document follows from the types of their arguments
//! and of their result.

use super::route_doc::RouteDoc;
use crate::error::Result;

/// An argument of a handler, which is taken from the request.
pub trait Takes {
    /// Adds parameters, body and refusals of this argument to the description.
    fn describe(doc: &mut RouteDoc);
}

impl<A: Takes, B: Takes> Takes for (A, B) {
    fn describe(doc: &mut RouteDoc) {
        A::describe(doc);
        B::describe(doc);
    }
}

/// The result of a handler, which becomes the answer.
pub trait Answers {
    /// Adds statuses, bodies and headers of this answer to the description.
    fn describe(doc: &mut RouteDoc);
}

/// A handler whose arguments and result describe themselves. `T` is the list of its arguments, as axum's `Handler` has
/// it.
pub trait Describe<T> {
    /// Adds all arguments and the result to the description.
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
