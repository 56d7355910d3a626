use super::*;
use crate::crypto::SecretText;

fn secret(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

/// Computed by Python's hashlib, bcrypt 5.0 and argon2-cffi 25.1.
const KNOWN: [(&str, &str, HashScheme); 8] = [
    (
        "hydra-secret",
        "$pbkdf2-sha256$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$/+vqtEyURpgdhn+Zf9sf2DvEmXhpFHLa1HH0pCFbLns",
        HashScheme::Pbkdf2Sha256,
    ),
    (
        "hydra-secret",
        "$pbkdf2-sha512$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$y8u1d/ELbzm9mZSlM6HPjw8DkxAg8xZpqs6YXbwI4zY",
        HashScheme::Pbkdf2Sha512,
    ),
    (
        "hydra-secret",
        "$pbkdf2-sha1$i=25000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$EP4IZogKmwGq2Rlxg8AabxQzvB1kMBYczlKRuDPYSIM",
        HashScheme::Pbkdf2Sha1,
    ),
    ("hydra-secret", "$2a$04$UD.L9ilsV8K.fc8/UVG4luXjjAHmSos2cBMR8sGh.LtQBypIYh1z.", HashScheme::Bcrypt),
    (
        "django-secret-0123456789",
        "$bcrypt-sha256$2b$04$sSZQKvCJTWx0NiCpC/ObJu1GCvfIIE76AKFdjLBIIZ48hBcfF37b2",
        HashScheme::BcryptSha256,
    ),
    (
        "django-secret-0123456789",
        "$argon2id$v=19$m=64,t=1,p=2$eVRJR3A4SlN1SUFXSFVCRzZsdnphSg$46S6fyIQBV+fR/XTiuwaKlia/vXkxtKBk+4c9T0r2aE",
        HashScheme::Argon2id,
    ),
    ("hydra-secret", "$argon2i$v=19$m=64,t=1,p=1$c29tZXNhbHQ$MDPBFLnTPwkyNeg0UX0NNpTV9gD7yiSKLxRKWicXIo0", HashScheme::Argon2i),
    (
        "django-secret-0123456789",
        "$scrypt$ln=4,r=8,p=2$WVcxUXJKM3VFU3JmQWVSZ0JLVEhLRg$GqQr1QDlv93LW6aJ2TOYLeA8cbQGamsySHVgelmzhLLo+wD18WrVqo/ID3ULQCUgonne8T7TT9g6yrBYFa/imw",
        HashScheme::Scrypt,
    ),
];

#[test]
fn hashes_of_other_programs_are_of_their_secret_and_of_no_other() {
    for (text, hash, scheme) in KNOWN {
        let parsed = ImportedHash::parse(hash).unwrap();
        assert_eq!(parsed.scheme(), scheme);
        assert!(parsed.is_of(&secret(text)), "{hash}");
        assert!(!parsed.is_of(&secret("hydra-secreT")), "{hash}");
        assert!(!parsed.is_of(&secret("")), "{hash}");
    }
}

#[test]
fn the_store_gives_back_what_it_was_given_under_its_own_scheme_alone() {
    for (_, hash, scheme) in KNOWN {
        let parsed = ImportedHash::parse(hash).unwrap();
        let stored = parsed.to_stored();
        assert_eq!((stored.pepper_id.as_str(), HashScheme::of_number(stored.scheme)), ("", Some(scheme)));
        assert_eq!(ImportedHash::from_stored(&stored), Some(parsed));
        assert_eq!(ImportedHash::from_stored(&StoredSecret { scheme: 2, ..stored.clone() }), None);
        assert_eq!(ImportedHash::from_stored(&StoredSecret { scheme: stored.scheme ^ 1, ..stored }), None);
    }
}

#[test]
fn bcrypt_reads_the_first_72_bytes_as_it_does_elsewhere() {
    let hash = ImportedHash::parse("$2b$04$GybQc.3DQi4EqMGYHCvVb.Hn6GJuM994RLKj/6R6wCZCNVDFaEOqe").unwrap();
    assert!(hash.is_of(&secret(&"x".repeat(72))));
    assert!(hash.is_of(&secret(&"x".repeat(100))));
    assert!(!hash.is_of(&secret(&"x".repeat(71))));
}

#[test]
fn what_costs_too_much_is_refused_by_parameter_s9() {
    let salt_and_key = "c29tZXNhbHQ$MDPBFLnTPwkyNeg0UX0NNpTV9gD7yiSKLxRKWicXIo0";
    for parameters in [
        "pbkdf2-sha256$i=2000001,l=32",
        "argon2id$v=19$m=131073,t=1,p=1",
        "argon2id$v=19$m=64,t=6,p=1",
        "argon2id$v=19$m=102400,t=4,p=1",
        "argon2i$v=19$m=4096,t=1,p=17",
        "scrypt$ln=17,r=8,p=1",
        "scrypt$ln=14,r=8,p=9",
        "scrypt$ln=63,r=8,p=1",
        "scrypt$ln=64,r=8,p=1",
    ] {
        let refused = ImportedHash::parse(&format!("${parameters}${salt_and_key}")).unwrap_err();
        assert!(matches!(refused, HashError::TooCostly(_)), "{parameters}: {refused:?}");
    }
    let refused = ImportedHash::parse("$2b$13$UD.L9ilsV8K.fc8/UVG4luXjjAHmSos2cBMR8sGh.LtQBypIYh1z.").unwrap_err();
    assert!(matches!(refused, HashError::TooCostly(_)), "{refused:?}");
    // A longer output is more work.
    assert!(ImportedHash::pbkdf2(HashScheme::Pbkdf2Sha1, 1_000_000, b"salt", &[7; 40]).is_ok());
    assert!(ImportedHash::pbkdf2(HashScheme::Pbkdf2Sha1, 1_000_000, b"salt", &[7; 60]).is_err());
}

#[test]
fn what_django_5_and_6_write_by_default_is_within_the_bounds() {
    assert!(ImportedHash::pbkdf2(HashScheme::Pbkdf2Sha256, 1_500_000, b"salt", &[7; 32]).is_ok());
    assert!(ImportedHash::scrypt(1 << 14, 8, 5, b"salt", &[7; 64]).is_ok());
    assert!(
        ImportedHash::parse("$argon2id$v=19$m=102400,t=2,p=8$c29tZXNhbHQ$MDPBFLnTPwkyNeg0UX0NNpTV9gD7yiSKLxRKWicXIo0").is_ok()
    );
}

#[test]
fn what_is_no_hash_is_refused() {
    for text in [
        "",
        "secret",
        "$1$abc$def",
        "$md5$salt$hash",
        "$pbkdf2-sha256$",
        "$pbkdf2-sha256$i=1,l=32$c29tZXNhbHQ$short",
        "$pbkdf2-sha256$i=0,l=32$c29tZXNhbHQ$MDPBFLnTPwkyNeg0UX0NNpTV9gD7yiSKLxRKWicXIo0",
        "$pbkdf2-sha256$i=9,l=31$c29tZXNhbHQ$MDPBFLnTPwkyNeg0UX0NNpTV9gD7yiSKLxRKWicXIo0",
        "$pbkdf2-sha256$l=32,i=9$c29tZXNhbHQ$MDPBFLnTPwkyNeg0UX0NNpTV9gD7yiSKLxRKWicXIo0",
        "$2b$03$UD.L9ilsV8K.fc8/UVG4luXjjAHmSos2cBMR8sGh.LtQBypIYh1z.",
        "$2b$04$UD.L9ilsV8K.fc8/UVG4luXjjAHmSos2cBMR8sGh.LtQBypIYh1z",
        "$2x$04$UD.L9ilsV8K.fc8/UVG4luXjjAHmSos2cBMR8sGh.LtQBypIYh1z.",
        "$argon2d$v=19$m=64,t=1,p=1$c29tZXNhbHQ$MDPBFLnTPwkyNeg0UX0NNpTV9gD7yiSKLxRKWicXIo0",
        "$argon2id$v=16$m=64,t=1,p=1$c29tZXNhbHQ$MDPBFLnTPwkyNeg0UX0NNpTV9gD7yiSKLxRKWicXIo0",
        "$argon2id$v=19$m=64,t=0,p=1$c29tZXNhbHQ$MDPBFLnTPwkyNeg0UX0NNpTV9gD7yiSKLxRKWicXIo0",
        "$scrypt$ln=0,r=8,p=1$c29tZXNhbHQ$MDPBFLnTPwkyNeg0UX0NNpTV9gD7yiSKLxRKWicXIo0",
        "$scrypt$ln=4,r=8,p=1$$MDPBFLnTPwkyNeg0UX0NNpTV9gD7yiSKLxRKWicXIo0",
    ] {
        assert!(ImportedHash::parse(text).is_err(), "{text}");
    }
    let long = format!("$2b$04${}", "a".repeat(600));
    assert!(ImportedHash::parse(&long).is_err());
}

#[test]
fn a_hash_does_not_print() {
    let shown = format!("{:?}", ImportedHash::parse(KNOWN[3].1).unwrap());
    assert_eq!(shown, "ImportedHash(bcrypt)");
}
