//! What the compiler of protobuf says, in words that name the step that mends it.

use prost_reflect::{DescriptorPool, MessageDescriptor};

use crate::nearest;

/// A finding, said better.
#[derive(Debug, Default)]
pub(super) struct Explained {
    /// What is wrong, if the compiler's own words do not say it.
    pub message: Option<String>,
    /// The word of the declaration that is meant.
    pub word: Option<String>,
    /// The step that mends it.
    pub help: Option<String>,
}

/// Where the members of each kind of option are listed.
const LISTED: &str = "docs/schema.md lists those of arcana, google/api/*.proto and buf/validate/validate.proto theirs";

/// Explains a message; `cause` is what lies behind it, `pool` knows all files but those that are wrong.
pub(super) fn explain(message: &str, cause: Option<&str>, pool: &DescriptorPool) -> Explained {
    let cause = cause.unwrap_or_default();
    if message.starts_with("invalid value of type") {
        return value(message, cause, pool);
    }
    if let Some([name]) = quoted(message, "option field ") {
        return member(name, pool);
    }
    if message.ends_with("is not defined") {
        if let Some([name]) = quoted(message, "name ") {
            return undefined(name, None, pool);
        }
        if let Some([name, resolved]) = quoted(message, "") {
            return undefined(name, Some(resolved), pool);
        }
    }
    let help = if message.starts_with("import") && message.contains("not found") {
        "imports are paths below the schema folder, or one of google/api, google/type, google/protobuf, buf/validate \
         and arcana (annotations.proto, identity/v1/user.proto)"
    } else if message.contains("reserved") {
        "take a number and a name that were never used: old clients still know the former meaning"
    } else if message.contains("not found") {
        "declare it, import the file that does, or write its full name"
    } else {
        return Explained::default();
    };
    Explained { help: Some(help.to_owned()), ..Explained::default() }
}

/// `{ sortabel: true }`
fn value(message: &str, cause: &str, pool: &DescriptorPool) -> Explained {
    let option = message.rsplit_once("for option ").map(|(_, option)| option.replace('\'', "`")).unwrap_or_default();
    let (what, word, names, listed) = if let Some([word, ty]) = quoted(cause, "field ") {
        let names = pool.get_message_by_name(ty).map(|ty| members(&ty)).unwrap_or_default();
        (format!("{option} has no member `{word}`"), word, names, LISTED)
    } else if let Some([word, ty]) = quoted(cause, "value ") {
        let values = pool.get_enum_by_name(ty).map(|ty| ty.values().map(|value| value.name().to_owned()).collect());
        (
            format!("`{word}` is none of the values that this member of {option} has"),
            word,
            values.unwrap_or_default(),
            LISTED,
        )
    } else {
        let message = (!cause.is_empty()).then(|| format!("the value of {option} cannot be read: {cause}"));
        let help = "write it as `{ member: value other: [1, 2] }`, each value of the type that the member has";
        return Explained { message, word: None, help: Some(help.to_owned()) };
    };
    let help = nearest::hint(word, names.iter().map(String::as_str), listed);
    Explained { message: Some(what), word: Some(word.to_owned()), help: Some(help) }
}

/// `(buf.validate.field).string.max_length`
fn member(path: &str, pool: &DescriptorPool) -> Explained {
    let (outer, word) = path.rsplit_once('.').unwrap_or(("", path));
    let names = option_type(outer, pool).map(|ty| members(&ty)).unwrap_or_default();
    Explained {
        message: Some(format!("`{outer}` has no member `{word}`")),
        // The compiler points at the whole option.
        word: None,
        help: Some(nearest::hint(word, names.iter().map(String::as_str), LISTED)),
    }
}

/// Type of what a path such as `(buf.validate.field).string` leads to.
fn option_type(path: &str, pool: &DescriptorPool) -> Option<MessageDescriptor> {
    let (extension, rest) = path.strip_prefix('(')?.split_once(')')?;
    let extension = pool.get_extension_by_name(extension.trim_start_matches('.'))?;
    let mut ty = extension.kind().as_message()?.clone();
    for name in rest.split('.').filter(|name| !name.is_empty()) {
        ty = ty.get_field_by_name(name)?.kind().as_message()?.clone();
    }
    Some(ty)
}

fn members(ty: &MessageDescriptor) -> Vec<String> {
    ty.fields().map(|field| field.name().to_owned()).collect()
}

/// Types that need no declaration.
const SCALARS: [&str; 15] = [
    "bool", "bytes", "double", "fixed32", "fixed64", "float", "int32", "int64", "sfixed32", "sfixed64", "sint32",
    "sint64", "string", "uint32", "uint64",
];

/// A name of a type or of an option; `resolved` is what a part of it was taken for.
fn undefined(name: &str, resolved: Option<&str>, pool: &DescriptorPool) -> Explained {
    let bare = name.trim_start_matches('.');
    let types = pool.all_messages().map(|ty| ty.full_name().to_owned());
    let types = types.chain(pool.all_enums().map(|ty| ty.full_name().to_owned()));
    let known = types.chain(pool.all_extensions().map(|option| option.full_name().to_owned()));
    let known = known.chain(SCALARS.map(str::to_owned));
    let known: Vec<String> = known.filter(|known| last(known) == last(bare) || near(bare, known)).collect();
    let help = match (standard(bare), resolved.filter(|resolved| *resolved != bare)) {
        (Some(file), _) => format!("import \"{file}\", which declares it"),
        (_, Some(resolved)) => format!("it is taken for `{resolved}`; write a dot before its full name: `.{bare}`"),
        (None, None) => match known.iter().min_by_key(|known| strsim::damerau_levenshtein(bare, known)) {
            Some(one) if one != bare => format!("did you mean `{one}`?"),
            Some(one) => format!("import the file that declares {one}"),
            None => "declare it, import the file that does, or write its full name".to_owned(),
        },
    };
    Explained { message: Some(format!("`{bare}` is not defined")), word: None, help: Some(help) }
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

fn near(one: &str, other: &str) -> bool {
    strsim::normalized_damerau_levenshtein(one, other) > 0.8
}

/// The file of the standards that declares a name.
fn standard(name: &str) -> Option<String> {
    let (package, ty) = name.rsplit_once('.')?;
    let file = match (package, ty) {
        ("google.protobuf", "Value" | "ListValue" | "NullValue") => "google/protobuf/struct.proto".to_owned(),
        ("google.protobuf", wrapper) if wrapper.len() > 5 && wrapper.ends_with("Value") => {
            "google/protobuf/wrappers.proto".to_owned()
        }
        ("google.protobuf" | "google.type", _) => {
            format!("{}/{}.proto", package.replace('.', "/"), heck::AsSnakeCase(ty))
        }
        ("google.api", "http") => "google/api/annotations.proto".to_owned(),
        ("google.api", "field_behavior" | "resource") => format!("google/api/{ty}.proto"),
        ("buf.validate", "field" | "message" | "oneof") => "buf/validate/validate.proto".to_owned(),
        ("arcana", "entity" | "field" | "method") => crate::built_in::ANNOTATIONS.to_owned(),
        _ => return None,
    };
    Some(file)
}

/// The words in quotes of a message that starts with `start` and a quote; as many as are asked for.
fn quoted<'m, const N: usize>(message: &'m str, start: &str) -> Option<[&'m str; N]> {
    let mut parts = message.strip_prefix(start)?.strip_prefix('\'')?.split('\'').step_by(2);
    let words = std::array::from_fn(|_| parts.next().unwrap_or_default());
    words.iter().all(|word: &&str| !word.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool() -> DescriptorPool {
        DescriptorPool::global()
    }

    #[test]
    fn takes_the_words_in_quotes() {
        assert_eq!(quoted("field 'a' not found for message 'b'", "field "), Some(["a", "b"]));
        assert_eq!(quoted::<2>("name 'a' is not defined", "name "), None);
    }

    #[test]
    fn names_the_file_to_import() {
        let help =
            |name: &str| explain(&format!("'{name}' resolves to '{name}', which is not defined"), None, &pool()).help;
        assert_eq!(help("google.protobuf.Empty").unwrap(), "import \"google/protobuf/empty.proto\", which declares it");
        assert_eq!(
            help("google.protobuf.Int32Value").unwrap(),
            "import \"google/protobuf/wrappers.proto\", which declares it"
        );
        assert_eq!(help("arcana.field").unwrap(), "import \"arcana/annotations.proto\", which declares it");
    }

    #[test]
    fn says_what_a_name_was_taken_for() {
        let found = explain("'v1.Thing' resolves to 'shop.v1.v1.Thing', which is not defined", None, &pool());
        assert_eq!(found.message.unwrap(), "`v1.Thing` is not defined");
        assert!(found.help.unwrap().ends_with("`.v1.Thing`"));
    }
}
