//! Bodies on their way through the gRPC edge: messages are bounded, outcomes are observed.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

use super::code;
use crate::error::Error;

/// Bytes before each message: a flag and the length.
const PREFIX: usize = 5;

/// A request body in which no single message may be larger than the limit; streams may be as long as they like.
pub(super) struct Bounded {
    inner: Body,
    limit: usize,
    prefix: [u8; PREFIX],
    seen: usize,
    left: usize,
}

impl Bounded {
    pub(super) fn new(inner: Body, limit: usize) -> Self {
        Self { inner, limit, prefix: [0; PREFIX], seen: 0, left: 0 }
    }

    /// Follows the messages through a chunk; false once one is announced that is too large.
    fn fits(&mut self, mut chunk: &[u8]) -> bool {
        while !chunk.is_empty() {
            if self.left > 0 {
                let step = self.left.min(chunk.len());
                self.left -= step;
                chunk = &chunk[step..];
                continue;
            }
            self.prefix[self.seen] = chunk[0];
            self.seen += 1;
            chunk = &chunk[1..];
            if self.seen == PREFIX {
                let [_, a, b, c, d] = self.prefix;
                (self.seen, self.left) = (0, u32::from_be_bytes([a, b, c, d]) as usize);
            }
            if self.left > self.limit {
                return false;
            }
        }
        true
    }
}

impl HttpBody for Bounded {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(chunk) = frame.data_ref()
            && !this.fits(chunk)
        {
            // tonic finds the status among the causes and answers with it.
            let status = tonic::Status::from(Error::PayloadTooLarge { max_bytes: this.limit });
            return Poll::Ready(Some(Err(axum::Error::new(status))));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// An answer's body that tells how the call ended: by its trailers, or cancelled if it was dropped before them.
pub(super) struct Observed<F: FnOnce(u16)> {
    inner: Body,
    done: Option<F>,
}

impl<F: FnOnce(u16)> Observed<F> {
    pub(super) fn new(inner: Body, done: F) -> Self {
        Self { inner, done: Some(done) }
    }

    fn finish(&mut self, code: tonic::Code) {
        if let Some(done) = self.done.take() {
            done(u16::try_from(i32::from(code)).unwrap_or_default());
        }
    }
}

impl<F: FnOnce(u16) + Unpin> HttpBody for Observed<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    this.finish(tonic::Code::from_i32(code(trailers).map_or(2, i32::from)));
                }
            }
            Poll::Ready(Some(Err(_)) | None) => this.finish(tonic::Code::Unknown),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<F: FnOnce(u16)> Drop for Observed<F> {
    fn drop(&mut self) {
        self.finish(tonic::Code::Cancelled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_each_message_and_not_the_stream() {
        let mut body = Bounded::new(Body::empty(), 4);
        for _ in 0..10 {
            assert!(body.fits(&[0, 0, 0]));
            assert!(body.fits(&[0, 4, 1, 2, 3]));
            assert!(body.fits(&[4]));
        }
        assert!(!body.fits(&[0, 0, 0, 0, 5]));
    }
}
