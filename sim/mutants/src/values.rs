//! Values that a function may give instead of its result, by the type that it says to return.

use syn::{GenericArgument, PathArguments, ReturnType, Type};

/// How many values of one type are tried.
const VALUES_MAX: usize = 4;

/// What a function may return at once, as Rust expressions; an empty one for a function that returns nothing.
pub(crate) fn of_return(output: &ReturnType) -> Vec<String> {
    match output {
        ReturnType::Default => vec![String::new()],
        ReturnType::Type(_, ty) => of_type(ty),
    }
}

fn of_type(ty: &Type) -> Vec<String> {
    let mut values = match ty {
        Type::Paren(inner) => of_type(&inner.elem),
        Type::Path(path) => path.path.segments.last().map_or_else(Vec::new, |segment| {
            of_name(&segment.ident.to_string(), &arguments(&segment.arguments))
        }),
        Type::Reference(reference) => match (&*reference.elem, reference.mutability) {
            (Type::Slice(_), None) => vec!["&[]".to_owned()],
            (Type::Path(path), None) if path.path.is_ident("str") => vec!["\"\"".to_owned()],
            _ => Vec::new(),
        },
        Type::Tuple(tuple) => of_tuple(&tuple.elems.iter().map(of_type).collect::<Vec<_>>()),
        _ => Vec::new(),
    };
    values.truncate(VALUES_MAX);
    values
}

fn arguments(arguments: &PathArguments) -> Vec<Type> {
    let PathArguments::AngleBracketed(list) = arguments else {
        return Vec::new();
    };
    let types = list.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty.clone()),
        _ => None,
    });
    types.collect()
}

fn of_name(name: &str, inside: &[Type]) -> Vec<String> {
    let of_first = |wrap: &dyn Fn(&str) -> String| match inside.first() {
        Some(ty) => of_type(ty).iter().map(|value| wrap(value)).collect(),
        None => Vec::new(),
    };
    let texts = |values: &[&str]| values.iter().map(|&v| v.to_owned()).collect();
    match name {
        "bool" => texts(&["true", "false"]),
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => texts(&["0", "1"]),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => texts(&["0", "1", "-1"]),
        "f32" | "f64" => texts(&["0.0", "1.0"]),
        "Result" => of_first(&|value| format!("Ok({value})")),
        "Option" => {
            let mut values = texts(&["None"]);
            values.extend::<Vec<String>>(of_first(&|value| format!("Some({value})")));
            values
        }
        "Vec" => texts(&["Vec::new()"]),
        "Box" | "Arc" => of_first(&|value| format!("{name}::new({value})")),
        // What has no default is found out by the compiler.
        _ => texts(&["Default::default()"]),
    }
}

/// The first values of all, and each of the others among first values.
fn of_tuple(parts: &[Vec<String>]) -> Vec<String> {
    let Some(first) = parts
        .iter()
        .map(|part| part.first())
        .collect::<Option<Vec<_>>>()
    else {
        return Vec::new();
    };
    let mut all = vec![first.clone()];
    for (at, part) in parts.iter().enumerate() {
        all.extend(part.iter().skip(1).map(|value| {
            let mut changed = first.clone();
            changed[at] = value;
            changed
        }));
    }
    let tuple = |values: Vec<&String>| {
        let inside: Vec<String> = values
            .into_iter()
            .map(|value| format!("{value}, "))
            .collect();
        format!("({})", inside.concat())
    };
    all.into_iter().map(tuple).collect()
}
