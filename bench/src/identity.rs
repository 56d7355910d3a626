//! Clients by number: identifier, secret and credential follow from environment and number, so that a million of them need no
//! memory in the load generator and are the same in every run.

use mintmark_core::random::Random;

use crate::rng::Rng;

const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE62: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH: usize = 22;
const SECRET_LENGTH: usize = 43;
const CHECKSUM_LENGTH: u32 = 6;

/// The clients of one environment.
#[derive(Clone, Debug)]
pub(crate) struct Identities {
    prefix: Vec<u8>,
    salt: u64,
}

impl Identities {
    pub(crate) fn of(environment: &str) -> Self {
        Self {
            prefix: format!("mms_{environment}_").into_bytes(),
            salt: u64::from(crc32fast::hash(environment.as_bytes())) << 32,
        }
    }

    /// Appends the identifier of a client.
    pub(crate) fn push_id(&self, number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(b"cli_");
        self.push_digits(number, 1, (BASE58, ID_LENGTH), out);
    }

    /// Appends its secret: of Mintmark's form, with the right checksum.
    pub(crate) fn push_secret(&self, number: u64, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&self.prefix);
        self.push_digits(number, 2, (BASE62, SECRET_LENGTH), out);
        let checksum = crc32fast::hash(out.get(start..).unwrap_or_default());
        out.extend((0..CHECKSUM_LENGTH).rev().map(|place| digit(BASE62, u64::from(checksum) / 62_u64.pow(place))));
    }

    pub(crate) fn id(&self, number: u64) -> String {
        text(|out| self.push_id(number, out))
    }

    pub(crate) fn secret(&self, number: u64) -> String {
        text(|out| self.push_secret(number, out))
    }

    /// What the identifier of its credential is made from.
    pub(crate) fn credential_random(&self, number: u64) -> impl Random + use<> {
        Repeated(self.seed(number, 3))
    }

    fn push_digits(&self, number: u64, kind: u64, (alphabet, count): (&[u8], usize), out: &mut Vec<u8>) {
        let mut rng = Rng::new(self.seed(number, kind));
        let mut word = 0;
        for at in 0..count {
            if at % 8 == 0 {
                word = rng.next();
            }
            out.push(digit(alphabet, word & 0xff));
            word >>= 8;
        }
    }

    fn seed(&self, number: u64, kind: u64) -> u64 {
        Rng::new((self.salt ^ number).wrapping_mul(4).wrapping_add(kind)).next()
    }
}

fn digit(alphabet: &[u8], value: u64) -> u8 {
    let at = usize::try_from(value % alphabet.len() as u64).unwrap_or(0);
    alphabet.get(at).copied().unwrap_or(b'1')
}

fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = Vec::new();
    write(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The same bytes each time.
struct Repeated(u64);

impl Random for Repeated {
    fn fill(&self, bytes: &mut [u8]) {
        let mut rng = Rng::new(self.0);
        for chunk in bytes.chunks_mut(8) {
            chunk.iter_mut().zip(rng.next().to_be_bytes()).for_each(|(to, from)| *to = from);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use mintmark_core::crypto::{ClientSecret, SecretShape, SecretText};
    use mintmark_core::model::{ClientId, CredentialId};

    use super::*;

    #[test]
    fn secrets_have_the_published_form() {
        let clients = Identities::of("es256");
        for number in 0..100 {
            let secret = SecretText::new(clients.secret(number));
            assert_eq!(ClientSecret::shape_of(&secret), SecretShape::WellFormed);
            assert!(clients.id(number).parse::<ClientId>().is_ok());
        }
    }

    #[test]
    fn no_two_clients_are_alike_and_one_is_always_the_same() {
        let clients = Identities::of("es256");
        let names: HashSet<String> = (0..10_000).flat_map(|number| [clients.id(number), clients.secret(number)]).collect();
        assert_eq!(names.len(), 20_000);
        assert_ne!(clients.id(1), Identities::of("eddsa").id(1));
        assert_eq!(clients.id(1), Identities::of("es256").id(1));
        let credential = |number| CredentialId::generate(&clients.credential_random(number));
        assert_eq!(credential(7), credential(7));
        assert_ne!(credential(7), credential(8));
    }
}
