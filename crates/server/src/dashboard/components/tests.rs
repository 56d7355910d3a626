use super::*;
use crate::dashboard::frame::Tone;

#[test]
fn a_fields_hint_and_error_are_said_with_it() {
    let field = Field::text("name", "Name").hint("Short.").error(Some("Too long.")).to_string();
    assert!(field.contains("aria-describedby=\"field-name-hint field-name-error\""), "{field}");
    assert!(field.contains("aria-invalid=\"true\""), "{field}");
    let field = Field::text("name", "Name").to_string();
    assert!(!field.contains("aria-describedby") && !field.contains("aria-invalid"), "{field}");
}

#[test]
fn what_a_field_holds_stays_in_it() {
    let attack = "\"><script>alert(1)</script></textarea>";
    for field in [Field::text("name", attack).value(attack).hint(attack), Field::area("name", attack).value(attack)] {
        let html = field.to_string();
        assert!(!html.contains("<script") && html.matches("</textarea>").count() <= 1, "{html}");
    }
}

#[test]
fn a_tone_is_said_in_a_word_and_not_by_colour_alone() {
    for tone in [Tone::Good, Tone::Note, Tone::Warning, Tone::Bad] {
        let html = Banner::new(tone, "Title", "Text").to_string();
        assert!(html.contains(tone.word()) && html.contains(&format!("#{}\"", tone.as_str())), "{html}");
    }
}

#[test]
fn a_button_that_leads_somewhere_is_a_link() {
    assert!(
        Button::plain("Go").to("/a?b=\"c\"").to_string().starts_with("<a class=\"button plain\" href=\"/a?b=&#34;c&#34;\"")
    );
    assert!(Button::danger("End").disabled().to_string().contains("<button class=\"button danger\" disabled>"));
}

#[test]
fn a_dialog_is_a_page_where_no_scripts_run() {
    let html = Button::plain("Disable").opens("disable").to_string();
    assert!(html.contains("href=\"?dialog=disable#disable\"") && html.contains("data-dialog=\"disable\""), "{html}");
}

#[test]
fn a_chart_has_its_figures_as_a_table() {
    let columns = vec![Column { label: "12:00".to_owned(), counts: [1200, 0, 0, 0, 3, 0] }];
    let html = Chart { id: "c", title: "Requests", columns }.to_string();
    assert!(html.contains("<td>1\u{202f}200</td><td>3</td><td>1\u{202f}203</td>"), "{html}");
}
