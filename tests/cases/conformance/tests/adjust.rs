//! Writes relative to what is stored, and the guards that bind them.

use arcana_runtime::changes::Adjust;
use conformance_generated::conformance::v1::kind::Colour;
use conformance_generated::conformance::v1::plain::Plain;
use conformance_generated::conformance::v1::product::{Product, ProductId};

use crate::cases::{Case, case};
use crate::rows;
use crate::stage::{Stage, precondition};
use crate::values::number;

pub fn cases() -> Vec<Case> {
    vec![
        case(adds_and_takes_and_counts_the_version),
        case(sets_members_and_leaves_the_others),
        case(adds_decimals_exactly),
        case(touch_counts_the_version_and_changes_nothing_else),
        case(touch_of_a_row_without_a_version_is_fine),
        case(at_least_holds_at_its_bound),
        case(at_least_refuses_below_and_names_the_field),
        case(at_most_holds_at_its_bound),
        case(at_most_refuses_above_and_names_the_field),
        case(at_least_of_a_decimal),
        case(was_passes_on_the_value_that_is_there),
        case(was_refuses_another_value_and_names_the_field),
        case(was_refuses_null_where_a_value_is_meant),
        case(several_guards_name_the_one_that_is_broken),
        case(a_guard_looks_at_the_row_as_it_will_be),
        case(a_guard_on_a_member_that_is_not_written),
        case(what_leaves_the_range_of_its_type_is_refused),
        case(what_leaves_the_range_of_64_bits_is_refused),
        case(what_leaves_the_digits_of_a_decimal_is_refused),
        case(a_number_without_a_sign_does_not_fall_below_zero),
        case(a_row_that_is_not_there_is_refused),
        case(a_row_that_is_marked_as_deleted_is_refused),
        case(a_row_without_a_version_is_adjusted),
        case(adjusting_by_nothing_keeps_a_row_there),
    ]
}

async fn stocked(stage: &Stage, stock: i32) -> Product {
    stage.insert(rows::product(stage, "LAMP", stock)).await
}

async fn adjust(stage: &Stage, adjust: Adjust<Product>) -> arcana_runtime::error::Result<()> {
    stage.write(|changes| changes.adjust(adjust)).await
}

/// Refused, and nothing is changed.
async fn refused(stage: &Stage, product: &Product, by: Adjust<Product>, field: &str) {
    let (found, message) = precondition(adjust(stage, by).await);
    assert_eq!(found.as_deref(), Some(field), "{message}");
    assert_eq!(&stage.stored(product).await, product);
}

fn of(product: &Product) -> Adjust<Product> {
    Adjust::of(&product.id)
}

async fn adds_and_takes_and_counts_the_version(stage: Stage) {
    let product = stocked(&stage, 10).await;
    let later = stage.later();
    adjust(&later, of(&product).add(&Product::STOCK, &-3).add(&Product::SOLD, &3).add(&Product::BOXES, &2))
        .await
        .unwrap();
    let stored = stage.stored(&product).await;
    assert_eq!((stored.stock, stored.sold, stored.boxes, stored.version), (7, 3, 2, 2));
    assert_eq!((stored.created_at, stored.updated_at), (stage.cx.now(), later.cx.now()));
}

async fn sets_members_and_leaves_the_others(stage: Stage) {
    let product = stocked(&stage, 10).await;
    let by = of(&product).set(&Product::LABEL, &"new \"label\" 😀".to_owned()).set(&Product::COLOUR, &Colour::Green);
    adjust(&stage, by).await.unwrap();
    let meant = Product {
        label: Some("new \"label\" 😀".to_owned()),
        colour: Some(Colour::Green),
        version: 2,
        ..product.clone()
    };
    assert_eq!(stage.stored(&product).await, meant);
}

async fn adds_decimals_exactly(stage: Stage) {
    let product = stocked(&stage, 0).await;
    for _ in 0..10 {
        adjust(&stage, of(&product).add(&Product::BALANCE, &number("0.10"))).await.unwrap();
    }
    adjust(&stage, of(&product).add(&Product::BALANCE, &number("-1.01"))).await.unwrap();
    assert_eq!(stage.stored(&product).await.balance, number("-0.01"));
}

async fn touch_counts_the_version_and_changes_nothing_else(stage: Stage) {
    let product = stocked(&stage, 10).await;
    let later = stage.later();
    later.write(|changes| changes.touch(&product)).await.unwrap();
    let meant = Product { version: 2, updated_at: later.cx.now(), ..product.clone() };
    assert_eq!(stage.stored(&product).await, meant);
}

async fn touch_of_a_row_without_a_version_is_fine(stage: Stage) {
    let plain = stage.insert(rows::plain(&stage, "a")).await;
    stage.write(|changes| changes.touch(&plain)).await.unwrap();
    assert_eq!(stage.stored(&plain).await, plain);
}

async fn at_least_holds_at_its_bound(stage: Stage) {
    let product = stocked(&stage, 10).await;
    adjust(&stage, of(&product).add(&Product::STOCK, &-10).at_least(&Product::STOCK, &0)).await.unwrap();
    assert_eq!(stage.stored(&product).await.stock, 0);
}

async fn at_least_refuses_below_and_names_the_field(stage: Stage) {
    let product = stocked(&stage, 10).await;
    refused(&stage, &product, of(&product).add(&Product::STOCK, &-11).at_least(&Product::STOCK, &0), "stock").await;
}

async fn at_most_holds_at_its_bound(stage: Stage) {
    let product = stocked(&stage, 10).await;
    adjust(&stage, of(&product).add(&Product::STOCK, &5).at_most(&Product::STOCK, &15)).await.unwrap();
    assert_eq!(stage.stored(&product).await.stock, 15);
}

async fn at_most_refuses_above_and_names_the_field(stage: Stage) {
    let product = stocked(&stage, 10).await;
    refused(&stage, &product, of(&product).add(&Product::STOCK, &6).at_most(&Product::STOCK, &15), "stock").await;
}

async fn at_least_of_a_decimal(stage: Stage) {
    let product = stocked(&stage, 0).await;
    let take =
        |text: &str| of(&product).add(&Product::BALANCE, &number(text)).at_least(&Product::BALANCE, &number("-5.5"));
    refused(&stage, &product, take("-5.51"), "balance").await;
    adjust(&stage, take("-5.50")).await.unwrap();
    assert_eq!(stage.stored(&product).await.balance, number("-5.50"));
}

async fn was_passes_on_the_value_that_is_there(stage: Stage) {
    let product = stage.insert(Product { colour: Some(Colour::Red), ..rows::product(&stage, "LAMP", 3) }).await;
    let by =
        of(&product).was(&Product::COLOUR, &Colour::Red).was(&Product::STOCK, &3).set(&Product::COLOUR, &Colour::Blue);
    adjust(&stage, by).await.unwrap();
    assert_eq!(stage.stored(&product).await.colour, Some(Colour::Blue));
}

async fn was_refuses_another_value_and_names_the_field(stage: Stage) {
    let product = stage.insert(Product { colour: Some(Colour::Red), ..rows::product(&stage, "LAMP", 3) }).await;
    let by = of(&product).was(&Product::COLOUR, &Colour::Green).set(&Product::COLOUR, &Colour::Blue);
    refused(&stage, &product, by, "colour").await;
}

async fn was_refuses_null_where_a_value_is_meant(stage: Stage) {
    let product = stocked(&stage, 3).await;
    let by = of(&product).was(&Product::COLOUR, &Colour::Red).set(&Product::COLOUR, &Colour::Blue);
    refused(&stage, &product, by, "colour").await;
    let by = of(&product).was(&Product::LABEL, &String::new()).set(&Product::LABEL, &"a".to_owned());
    refused(&stage, &product, by, "label").await;
}

async fn several_guards_name_the_one_that_is_broken(stage: Stage) {
    let product = stocked(&stage, 3).await;
    let by = of(&product)
        .add(&Product::STOCK, &-3)
        .add(&Product::SOLD, &3)
        .at_least(&Product::STOCK, &0)
        .at_most(&Product::SOLD, &2)
        .was(&Product::BOXES, &0);
    refused(&stage, &product, by, "sold").await;
}

async fn a_guard_looks_at_the_row_as_it_will_be(stage: Stage) {
    let product = stocked(&stage, 3).await;
    // Below the bound before, and not behind it.
    adjust(&stage, of(&product).add(&Product::STOCK, &10).at_least(&Product::STOCK, &13)).await.unwrap();
    let product = stage.stored(&product).await;
    refused(&stage, &product, of(&product).set(&Product::STOCK, &4).at_least(&Product::STOCK, &5), "stock").await;
}

async fn a_guard_on_a_member_that_is_not_written(stage: Stage) {
    let product = stocked(&stage, 3).await;
    refused(&stage, &product, of(&product).add(&Product::SOLD, &1).at_least(&Product::STOCK, &4), "stock").await;
    adjust(&stage, of(&product).add(&Product::SOLD, &1).at_least(&Product::STOCK, &3)).await.unwrap();
}

async fn what_leaves_the_range_of_its_type_is_refused(stage: Stage) {
    let product = stocked(&stage, i32::MAX).await;
    refused(&stage, &product, of(&product).add(&Product::STOCK, &1), "stock").await;
    adjust(&stage, of(&product).add(&Product::STOCK, &-i32::MAX)).await.unwrap();
    adjust(&stage, of(&product).add(&Product::STOCK, &i32::MIN)).await.unwrap();
    let product = stage.stored(&product).await;
    assert_eq!(product.stock, i32::MIN);
    refused(&stage, &product, of(&product).add(&Product::STOCK, &-1), "stock").await;
}

async fn what_leaves_the_range_of_64_bits_is_refused(stage: Stage) {
    let product = stage.insert(Product { sold: i64::MAX, ..rows::product(&stage, "LAMP", 0) }).await;
    refused(&stage, &product, of(&product).add(&Product::SOLD, &1), "sold").await;
    refused(&stage, &product, of(&product).add(&Product::SOLD, &i64::MAX), "sold").await;
    let other = stage.insert(Product { sold: i64::MIN, ..rows::product(&stage, "CUP", 0) }).await;
    refused(&stage, &other, of(&other).add(&Product::SOLD, &-1), "sold").await;
    adjust(&stage, of(&other).add(&Product::SOLD, &i64::MAX)).await.unwrap();
    assert_eq!(stage.stored(&other).await.sold, -1);
}

async fn what_leaves_the_digits_of_a_decimal_is_refused(stage: Stage) {
    let product = stage.insert(Product { balance: number("999999.99"), ..rows::product(&stage, "LAMP", 0) }).await;
    refused(&stage, &product, of(&product).add(&Product::BALANCE, &number("0.01")), "balance").await;
    let other = stage.insert(Product { balance: number("-999999.99"), ..rows::product(&stage, "CUP", 0) }).await;
    refused(&stage, &other, of(&other).add(&Product::BALANCE, &number("-0.01")), "balance").await;
    adjust(&stage, of(&other).add(&Product::BALANCE, &number("999999.99"))).await.unwrap();
    assert_eq!(stage.stored(&other).await.balance, number("0"));
}

async fn a_number_without_a_sign_does_not_fall_below_zero(stage: Stage) {
    let product = stage.insert(Product { boxes: u32::MAX, ..rows::product(&stage, "LAMP", 0) }).await;
    refused(&stage, &product, of(&product).add(&Product::BOXES, &1), "boxes").await;
}

async fn a_row_that_is_not_there_is_refused(stage: Stage) {
    let unknown: ProductId = stage.uuid().into();
    let (field, _) = precondition(adjust(&stage, Adjust::of(&unknown).add(&Product::STOCK, &1)).await);
    assert_eq!(field, None);
}

async fn a_row_that_is_marked_as_deleted_is_refused(stage: Stage) {
    let product = stocked(&stage, 3).await;
    stage.write(|changes| changes.delete(&product)).await.unwrap();
    precondition(adjust(&stage, of(&product).add(&Product::STOCK, &1)).await);
    precondition(stage.write(|changes| changes.touch(&product)).await);
}

async fn a_row_without_a_version_is_adjusted(stage: Stage) {
    let plain = stage.insert(rows::plain(&stage, "a")).await;
    stage.write(|changes| changes.adjust(Adjust::of(&plain.id).add(&Plain::COUNT, &5))).await.unwrap();
    assert_eq!(stage.stored(&plain).await.count, 5);
}

async fn adjusting_by_nothing_keeps_a_row_there(stage: Stage) {
    // An engine that counts the rows that it changed must not take one that stays the same for one that is gone.
    let plain = stage.insert(rows::plain(&stage, "a")).await;
    stage.write(|changes| changes.adjust(Adjust::of(&plain.id).add(&Plain::COUNT, &0))).await.unwrap();
    stage.write(|changes| changes.adjust(Adjust::of(&plain.id).set(&Plain::TEXT, &"a".to_owned()))).await.unwrap();
    assert_eq!(stage.stored(&plain).await, plain);
}
