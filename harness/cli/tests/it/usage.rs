//! Arguments, bad files, and what needs no cluster.

use insta::assert_snapshot;
use rstest::rstest;

use crate::house::{House, SKIP_LABEL, ended};

#[rstest]
#[case::no_command(&[])]
#[case::unknown_flag(&["run", "--no-such-flag"])]
#[case::unknown_scenario(&["run", "preconditions/no_such_scenario"])]
#[case::unknown_requirement(&["run", "--requirement", "nothing"])]
#[case::unknown_minor(&["run", "--kubernetes", "1.99"])]
#[case::unknown_release(&["run", "--gardener", "1.2"])]
#[case::unknown_mutant(&["run", "--webhook", "mutant:nothing"])]
#[case::bad_regex(&["run", "--run", "("])]
#[case::bad_log(&["--log", "a=b=c", "check"])]
#[case::no_assets(&["run", "--cluster", "control-plane"])]
#[case::keeps_what_is_not_made(&["run", "--keep"])]
#[case::image_without_nodes(&["run", "--node-image", "kindest/node:v1.24.17"])]
#[case::no_folder(&["check", "--scenarios", "nowhere"])]
#[case::no_certificate(&["webhook", "--tls-cert", "nowhere.crt", "--tls-key", "nowhere.key"])]
#[case::no_snapshots(&["snapshot", "accept", "--snapshots", "nowhere"])]
#[case::snapshots_in_a_file(&["run", "--snapshots", "scenarios/requirements.yaml"])]
#[case::no_pod(&["explain", "nowhere.yaml"])]
fn rejects_wrong_usage_with_2(#[case] arguments: &[&str]) {
    let ended = House::with_scenario(SKIP_LABEL).run(arguments);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(ended.stdout, "", "what went wrong is no data");
    assert!(!ended.stderr.is_empty());
}

#[test]
fn names_what_was_probably_meant() {
    let ended = House::with_scenario(SKIP_LABEL).run(&["run", "skip_lable"]);
    assert_eq!(
        ended.stderr,
        "error: no scenario, area or file is named `skip_lable`; did you mean `preconditions/skip_label`?\n"
    );
}

#[test]
fn shows_each_problem_of_a_bad_file() {
    let house = House::with_scenario(&SKIP_LABEL.replace("mutated: false", "mutaded: false").replace("not-l", "not-"));
    let ended = house.run(&["check"]);
    assert_eq!(ended.code, Some(2));
    assert_snapshot!(ended.stderr, @r"
      × scenarios/preconditions/skip_label.yaml: 2 problems found

    Error: scenario::unknown_requirement

      × no requirement has the id `not-abelled-skip`
       ╭─[scenarios/preconditions/skip_label.yaml:2:16]
     1 │ scenario: The skip label exempts a Pod
     2 │ requirements: [not-abelled-skip]
       ·                ────────┬───────
       ·                        ╰── not in requirements.yaml
     3 │ given:
       ╰────
      help: did you mean `not-labelled-skip`?

    Error: scenario::unknown_key

      × the key `mutaded` means nothing here
        ╭─[scenarios/preconditions/skip_label.yaml:14:14]
     13 │ then:
     14 │   labelled: {mutaded: false, called: false}
        ·              ───┬───
        ·                 ╰── unknown key
        ╰────
      help: did you mean `mutated`?

    error: 2 problems, 1 file
    ");
    assert!(!house.run(&["run"]).stderr.is_empty(), "run reads the same files");
}

#[test]
fn shows_only_the_beginning_of_an_endless_line() {
    let ended = House::with_scenario(&"{a: ".repeat(100_000)).run(&["check"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("scenario::too_deep"), "{}", &ended.stderr[..200]);
    assert!(ended.stderr.len() < 5_000, "{} bytes", ended.stderr.len());
}

#[test]
fn checks_good_files() {
    let ended = House::with_scenario(SKIP_LABEL).run(&["check"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
    assert_eq!(ended.stdout, "1 scenario and 1 requirement well written (scenarios)\n");
}

#[test]
fn says_that_a_folder_has_no_scenario() {
    let ended = House::new().run(&["check"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(4), "there is no scenario in scenarios\n"),
        "{}",
        ended.stdout
    );
}

#[test]
fn says_why_a_folder_cannot_be_read() {
    let house = House::with_scenario(SKIP_LABEL);
    let ended = house.run(&["check", "--scenarios", "scenarios/preconditions"]);
    assert_eq!(ended.code, Some(2));
    assert!(
        ended.stderr.starts_with("error: read scenarios/preconditions/requirements.yaml\n  because: "),
        "{ended:?}"
    );
}

#[rstest]
#[case::all(&["list"], 0)]
#[case::by_id(&["list", "preconditions/skip_label"], 0)]
#[case::by_area(&["list", "preconditions"], 0)]
#[case::by_file(&["list", "scenarios/preconditions/skip_label.yaml"], 0)]
#[case::by_folder(&["list", "./scenarios/preconditions/"], 0)]
#[case::by_requirement(&["list", "--requirement", "not-labelled-skip"], 0)]
#[case::by_regex(&["list", "--run", "skip"], 0)]
#[case::by_minors(&["list", "--kubernetes", "..1.21,1.37"], 0)]
#[case::by_other_regex(&["list", "--run", "^skip"], 4)]
fn lists_what_is_selected(#[case] arguments: &[&str], #[case] code: i32) {
    let ended = House::with_scenario(SKIP_LABEL).run(arguments);
    assert_eq!(ended.code, Some(code), "{ended:?}");
    assert_eq!(ended.stdout.contains("preconditions/skip_label"), code == 0);
}

#[test]
fn finds_the_scenarios_from_a_folder_below() {
    let house = House::with_scenario(SKIP_LABEL);
    let mut command = house.command(&["list"]);
    let ended = ended(command.current_dir(house.path().join("scenarios/preconditions")));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn takes_every_flag_from_the_environment_too() {
    let house = House::with_scenario(SKIP_LABEL);
    let ended =
        ended(house.command(&["list"]).env("SECCOMP_HARNESS_KUBERNETES", "1.24").env("SECCOMP_HARNESS_OUTPUT", "json"));
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["scenarios"][0]["kubernetes"], serde_json::json!(["1.24"]));
}

#[rstest]
#[case::plain(&[], &[], false)]
#[case::forced(&[("CLICOLOR_FORCE", "1")], &[], true)]
#[case::no_color_wins(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], &[], false)]
#[case::flag_wins(&[("NO_COLOR", "1")], &["--color", "always"], true)]
#[case::no_color_flag(&[("CLICOLOR_FORCE", "1")], &["--no-color"], false)]
fn colours_as_the_environment_says(#[case] variables: &[(&str, &str)], #[case] flags: &[&str], #[case] colored: bool) {
    let house = House::with_scenario("scenario: [");
    let ended = ended(house.command(&[&["check"], flags].concat()).envs(variables.iter().copied()));
    assert_eq!(ended.stderr.contains('\u{1b}'), colored, "{}", ended.stderr);
}

#[rstest]
#[case::bash("bash")]
#[case::zsh("zsh")]
#[case::fish("fish")]
#[case::powershell("powershell")]
fn completes_in_every_shell(#[case] shell: &str) {
    let ended = House::new().run(&["completion", shell]);
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.contains("explain"));
}

#[test]
fn says_its_versions() {
    let ended = House::new().run(&["version", "-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(document["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(document["kubernetes"]["oldest"], "1.20");
}

#[test]
fn prints_the_schema() {
    let ended = House::new().run(&["schema"]);
    let schema: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(schema["title"], "Scenario");
}
