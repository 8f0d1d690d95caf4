//! Policy and measured laws, compiled into one threshold per chart.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::simulate::{ChartLaw, GenuineGuests, MAX_MEMBERS, Member};
use crate::{DEFAULT_CLIP, Hypothesis, Law, ParticipantKind, Policy, SourceId};

/// A detector as fusion sees it: what its card names.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Its name.
    pub id: SourceId,
    /// The hypotheses it speaks to; it adds to no other chart.
    pub hypotheses: Vec<Hypothesis>,
    /// Its measured law; without one it raises *Suspect* at most.
    pub law: Option<Law>,
    /// One window's llr is limited to ± this, nats.
    pub clip: f64,
    /// It measures nothing: it says that a rule of the operator's was broken. Each time is [`Source::RULE`] nats, which is all that its chart
    /// asks for to be *Suspect*; more it cannot raise. The promise is not about rules, so such a chart has no share in it.
    pub rule: bool,
}

impl Source {
    /// What a broken rule gives, nats: as much as the strongest window of a detector. No likelihood ratio stands behind it but the operator's word.
    pub const RULE: f64 = DEFAULT_CLIP;

    /// A source that says that a rule was broken.
    #[must_use]
    pub fn rule(id: SourceId, hypothesis: Hypothesis) -> Self {
        Self { id, hypotheses: vec![hypothesis], law: None, clip: Self::RULE, rule: true }
    }
}

/// How several sources of one hypothesis are weighed, fitted on the same clips.
#[derive(Clone, Debug, PartialEq)]
pub struct Fusion {
    /// The hypothesis.
    pub hypothesis: Hypothesis,
    /// Each source's weight; one that is not named has a chart of its own.
    pub weights: Vec<(SourceId, f64)>,
    /// Correlation between their llrs, 0 to 1.
    pub correlation: f64,
}

/// What a chart must reach, nats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Thresholds {
    /// For *Suspect*.
    pub suspect: f64,
    /// For *Synthetic*; `None` where a source has no measured law.
    pub synthetic: Option<f64>,
}

/// Why rules cannot be made. Nothing to retry: mend policy or manifest.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RulesError {
    /// The policy is out of range; every complaint.
    #[error("policy: {}", .0.join("; "))]
    Policy(Vec<String>),
    /// A source's law or clip is out of range; every complaint.
    #[error("source {source_id}: {}", .complaints.join("; "))]
    Source {
        /// The source.
        source_id: SourceId,
        /// What is wrong.
        complaints: Vec<String>,
    },
    /// Two sources have one name.
    #[error("source {0} is there twice: names must differ")]
    Twice(SourceId),
    /// More sources for one hypothesis than fusion holds.
    #[error("{hypothesis} has {count} sources: at most {MAX_MEMBERS}")]
    TooMany {
        /// The hypothesis.
        hypothesis: Hypothesis,
        /// How many there are.
        count: usize,
    },
    /// A weight or correlation is out of range.
    #[error("fusion of {hypothesis}: {key} = {value}: must be {range}")]
    Fusion {
        /// The hypothesis.
        hypothesis: Hypothesis,
        /// The key.
        key: String,
        /// Its value.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
}

/// One chart's rule. A hypothesis has a chart of its measured sources and, apart from it, one of those without a law, so that
/// an unmeasured source can neither raise nor hinder *Synthetic*; and a third of those that only say that a rule was broken.
#[derive(Clone, Debug)]
pub(crate) struct ChartRule {
    pub hypothesis: Hypothesis,
    pub members: Vec<MemberRule>,
    pub rho: f64,
    /// `ln(1/ε)`: how far it may vouch; 0 where nothing is measured.
    pub vouch: f64,
    pub thresholds: Thresholds,
    /// The same of a mixed stream, whose chart begins at zero in each turn.
    pub mixed: Thresholds,
    correlation: f64,
    /// Of sources that measure nothing.
    pub by_rule: bool,
    guests: Option<Arc<GenuineGuests>>,
}

#[derive(Clone, Debug)]
pub(crate) struct MemberRule {
    pub source: SourceId,
    pub weight: f64,
    pub clip: f64,
    pub independence: Duration,
    law: Option<Law>,
}

/// How long after a window another of an unmeasured source counts whole: the design's 4 s window.
const DEFAULT_INDEPENDENCE: Duration = Duration::from_secs(4);
/// Guests are simulated for calls of up to this length; a longer one shares its promise evenly over such stretches.
const LONGEST_S: f64 = 4.0 * 3600.0;
/// The seed of the thresholds: fixed, so that every machine decides alike.
const SEED: u64 = 0x00CA_1169_A2D0;

/// Policy, sources and the thresholds that follow.
#[derive(Clone, Debug)]
pub struct Rules {
    policy: Policy,
    sources: Vec<Source>,
    pub(crate) charts: Vec<ChartRule>,
    horizon_s: f64,
    /// Every chart's thresholds, by how many charts share the promise: finding one takes milliseconds, and calls begin all the time.
    shared: BTreeMap<Sharing, Vec<Asked>>,
}

/// What a chart must reach: where one guest speaks, and in a mixed stream.
type Asked = (Thresholds, Thresholds);

/// How many charts share a promise. One without a law cannot raise *Synthetic*, so it has no part in that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sharing {
    measured: usize,
    all: usize,
}

impl Rules {
    /// Checks everything and simulates genuine guests for the thresholds; takes up to a second of one core a chart.
    ///
    /// # Errors
    /// [`RulesError`] names every key that is out of range.
    pub fn new(policy: Policy, sources: Vec<Source>, fusions: &[Fusion]) -> Result<Self, RulesError> {
        let complaints = policy.complaints();
        if !complaints.is_empty() {
            return Err(RulesError::Policy(complaints));
        }
        check_sources(&sources)?;
        let mut charts = Vec::new();
        for hypothesis in Hypothesis::ALL {
            let named: Vec<&Source> = sources.iter().filter(|s| s.hypotheses.contains(&hypothesis)).collect();
            let fusion = fusions.iter().find(|f| f.hypothesis == hypothesis);
            let (rules, named): (Vec<_>, Vec<_>) = named.into_iter().partition(|s| s.rule);
            // Without a fit each has a chart of its own: one that is blind to an attack must not hush another that sees it.
            let (fitted, alone): (Vec<_>, Vec<_>) =
                named.into_iter().partition(|s| fusion.is_some_and(|f| f.weights.iter().any(|(id, _)| *id == s.id)));
            let (measured, unmeasured): (Vec<_>, Vec<_>) = fitted.into_iter().partition(|s| s.law.is_some());
            let groups = [measured, unmeasured].into_iter().chain(alone.into_iter().map(|s| vec![s])).chain([rules]);
            for members in groups.filter(|members| !members.is_empty()) {
                charts.push(ChartRule::new(hypothesis, &members, fusion)?);
            }
        }
        let horizon_s = policy.call_s;
        let mut rules = Self { policy, sources, charts, horizon_s, shared: BTreeMap::new() };
        rules.simulate(horizon_s);
        rules.set_thresholds(horizon_s);
        Ok(rules)
    }

    /// The same promise for a call of its own length: a file is a call as long as it lasts.
    #[must_use]
    pub fn for_call_of(&self, length: Duration) -> Self {
        let mut rules = self.clone();
        let call_s = length.as_secs_f64().max(1.0);
        rules.policy.call_s = call_s;
        if call_s > rules.horizon_s {
            rules.simulate(call_s);
        }
        rules.set_thresholds(call_s);
        rules
    }

    /// The same promise where only participants of these kinds can be observed: their charts alone share it.
    #[must_use]
    pub fn in_use_for(&self, kinds: &[ParticipantKind]) -> Self {
        let mut rules = self.clone();
        rules.share_among(self.observable(kinds));
        rules
    }

    /// The charts that participants of these kinds have.
    fn observable(&self, kinds: &[ParticipantKind]) -> Sharing {
        self.sharing(|hypothesis| kinds.iter().any(|kind| hypothesis.concerns(*kind)))
    }

    fn sharing(&self, in_use: impl Fn(Hypothesis) -> bool) -> Sharing {
        let charts = self.charts.iter().filter(|c| !c.by_rule && in_use(c.hypothesis));
        let measured = charts.clone().filter(|c| c.guests.is_some()).count();
        Sharing { measured, all: charts.count() }
    }

    /// What was promised.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The detectors in use.
    #[must_use]
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// What the chart of a hypothesis must reach; `None` where no source speaks to it.
    #[must_use]
    pub fn thresholds(&self, hypothesis: Hypothesis) -> Option<Thresholds> {
        self.charts.iter().find(|c| c.hypothesis == hypothesis).map(|c| c.thresholds)
    }

    /// The same of a mixed stream: more, as each turn is another chance to be wrong, and maybe another person.
    #[must_use]
    pub fn mixed_thresholds(&self, hypothesis: Hypothesis) -> Option<Thresholds> {
        self.charts.iter().find(|c| c.hypothesis == hypothesis).map(|c| c.mixed)
    }

    fn simulate(&mut self, call_s: f64) {
        let horizon = call_s.min(LONGEST_S);
        for chart in &mut self.charts {
            if let Some(law) = chart.law() {
                chart.guests = Some(Arc::new(GenuineGuests::simulate(&law, horizon, None, SEED)));
            }
        }
        self.horizon_s = horizon;
    }

    fn set_thresholds(&mut self, call_s: f64) {
        use ParticipantKind::{Face, Voice};
        let all = self.sharing(|_| true);
        let counts = [&[Face][..], &[Voice], &[Face, Voice]].map(|kinds| self.observable(kinds));
        // Often the last two are the same.
        let counts: BTreeSet<Sharing> = counts.into_iter().chain([all]).collect();
        self.shared = counts.into_iter().map(|n| (n, self.thresholds_among(n, call_s))).collect();
        self.share_among(all);
    }

    /// The charts' thresholds where so many of them share the promise.
    fn thresholds_among(&self, charts: Sharing, call_s: f64) -> Vec<Asked> {
        let stretches = (call_s / LONGEST_S).max(1.0);
        let among = |charts: usize| self.policy.false_alarm / (charts.max(1) as f64 * stretches);
        let share = among(charts.measured);
        let suspect = (among(charts.all) * self.policy.suspect_factor).min(0.5);
        let within = call_s.min(LONGEST_S);
        let measured = |threshold: &dyn Fn(f64) -> f64| {
            let synthetic = threshold(share);
            Thresholds { suspect: threshold(suspect).min(synthetic), synthetic: Some(synthetic) }
        };
        let thresholds = |chart: &ChartRule| match &chart.guests {
            _ if chart.by_rule => alike(Thresholds { suspect: Source::RULE, synthetic: None }),
            Some(guests) => {
                let filling = chart.members.iter().map(|m| m.independence).min().unwrap_or_default().as_secs_f64();
                let one = measured(&|share| guests.threshold(share, within));
                // Turns are of speech: no face has them.
                let turns = chart.hypothesis.concerns(ParticipantKind::Voice);
                (one, if turns { measured(&|share| guests.threshold_in_turns(share, within, filling)) } else { one })
            }
            // No law: Lorden's bound h = ln(n/α) over n independent spans (G. Lorden, Ann. Math. Statist. 42, 1971). Without a guest effect a chart that
            // begins at zero in each turn is never above one that went on.
            None => {
                let spans = (within / DEFAULT_INDEPENDENCE.as_secs_f64()).max(1.0);
                alike(Thresholds { suspect: (spans / suspect).ln(), synthetic: None })
            }
        };
        self.charts.iter().map(thresholds).collect()
    }

    fn share_among(&mut self, charts: Sharing) {
        if let Some(thresholds) = self.shared.get(&charts) {
            for (chart, thresholds) in self.charts.iter_mut().zip(thresholds) {
                (chart.thresholds, chart.mixed) = *thresholds;
            }
        }
    }
}

fn alike(thresholds: Thresholds) -> Asked {
    (thresholds, thresholds)
}

fn check_sources(sources: &[Source]) -> Result<(), RulesError> {
    for (i, source) in sources.iter().enumerate() {
        if sources[..i].iter().any(|s| s.id == source.id) {
            return Err(RulesError::Twice(source.id.clone()));
        }
        let mut complaints = source.law.map(|l| l.complaints()).unwrap_or_default();
        if !(source.clip > 0.0 && source.clip.is_finite()) {
            complaints.push(format!("clip = {}: must be above 0 nats", source.clip));
        }
        if !complaints.is_empty() {
            return Err(RulesError::Source { source_id: source.id.clone(), complaints });
        }
    }
    Ok(())
}

impl ChartRule {
    fn new(hypothesis: Hypothesis, members: &[&Source], fusion: Option<&Fusion>) -> Result<Self, RulesError> {
        if members.len() > MAX_MEMBERS {
            return Err(RulesError::TooMany { hypothesis, count: members.len() });
        }
        let complain = |key: String, value, range| Err(RulesError::Fusion { hypothesis, key, value, range });
        if let Some(f) = fusion {
            if !(0.0..=1.0).contains(&f.correlation) {
                return complain("correlation".into(), f.correlation, "from 0 to 1");
            }
            if let Some((id, w)) = f.weights.iter().find(|(_, w)| !(*w > 0.0 && *w <= 10.0)) {
                return complain(format!("weight of {id}"), *w, "above 0, at most 10");
            }
        }
        let members_of = |s: &&Source| MemberRule {
            source: s.id.clone(),
            weight: fusion.and_then(|f| f.weights.iter().find(|(id, _)| *id == s.id)).map_or(1.0, |(_, w)| *w),
            clip: s.clip,
            independence: s.law.map_or(DEFAULT_INDEPENDENCE, |l| Duration::from_secs_f64(l.independence_s)),
            law: s.law,
        };
        // A clone passes only if every source of the hypothesis misses it, so the chart misses no more than its best source.
        let epsilon = members.iter().filter_map(|s| s.law).map(|l| l.epsilon).fold(1.0, f64::min);
        let mut rule = Self {
            hypothesis,
            members: members.iter().map(members_of).collect(),
            rho: 0.0,
            // ε = 0 would vouch without limit on a finite sample: at most odds of 1000 : 1.
            vouch: (1.0 / epsilon.max(1e-3)).ln(),
            thresholds: Thresholds { suspect: f64::INFINITY, synthetic: None },
            mixed: Thresholds { suspect: f64::INFINITY, synthetic: None },
            correlation: fusion.map_or(1.0, |f| f.correlation),
            by_rule: members.iter().all(|s| s.rule),
            guests: None,
        };
        rule.rho = rule.law().map_or(0.0, |l| l.rho);
        Ok(rule)
    }

    /// The chart's law; `None` where a member has none.
    fn law(&self) -> Option<ChartLaw> {
        let members = self.members.iter().map(|m| m.law.map(|law| Member { law, weight: m.weight, clip: m.clip }));
        let members = members.collect::<Option<Vec<_>>>()?;
        // One source has nothing to correlate with, and its simulation is cheaper without a common part.
        let correlation = if members.len() > 1 { self.correlation } else { 0.0 };
        Some(ChartLaw::new(members, correlation))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(id: &str, law: Option<Law>) -> Source {
        Source { id: SourceId::new(id), hypotheses: vec![Hypothesis::FacePresented], ..voice(law) }
    }

    #[test]
    fn sources_that_were_not_fitted_together_have_charts_of_their_own() {
        let sources = vec![source("repeat", Some(LAW)), source("replay", Some(LAW)), source("flat", None)];
        let members = |fusions: &[Fusion]| -> Vec<Vec<String>> {
            let rules = Rules::new(Policy::default(), sources.clone(), fusions).expect("the laws are in range");
            rules.charts.iter().map(|c| c.members.iter().map(|m| m.source.as_str().to_owned()).collect()).collect()
        };
        assert_eq!(members(&[]), [["repeat"], ["replay"], ["flat"]]);
        let weights = ["repeat", "replay"].map(|id| (SourceId::new(id), 0.7)).to_vec();
        let fit = Fusion { hypothesis: Hypothesis::FacePresented, weights, correlation: 0.2 };
        assert_eq!(members(&[fit]), [vec!["repeat", "replay"], vec!["flat"]]);
    }

    fn voice(law: Option<Law>) -> Source {
        Source {
            id: SourceId::new("voice-clone"),
            hypotheses: vec![Hypothesis::VoiceSynthetic],
            law,
            clip: 4.0,
            rule: false,
        }
    }

    const LAW: Law = Law { variance: 7.0, rho: 0.3, epsilon: 0.2, independence_s: 4.0, hop_s: 0.5 };

    fn rules(policy: Policy) -> Rules {
        Rules::new(policy, vec![voice(Some(LAW))], &[]).expect("the law is in range")
    }

    #[test]
    fn a_rarer_promise_asks_for_more() {
        let at = |false_alarm| {
            rules(Policy { false_alarm, ..Policy::default() }).thresholds(Hypothesis::VoiceSynthetic).expect("a chart")
        };
        let (often, rarely) = (at(0.05), at(0.001));
        assert!(often.synthetic < rarely.synthetic, "{often:?} {rarely:?}");
        assert!(often.suspect < often.synthetic.expect("it has a law"));
    }

    #[test]
    fn a_shorter_call_asks_for_less_and_a_longer_one_for_more() {
        let rules = rules(Policy::default());
        let at = |s| {
            rules.for_call_of(Duration::from_secs(s)).thresholds(Hypothesis::VoiceSynthetic).and_then(|t| t.synthetic)
        };
        assert!(at(5) < at(600) && at(600) < at(3600), "{:?} {:?} {:?}", at(5), at(600), at(3600));
        assert_eq!(at(600), rules.thresholds(Hypothesis::VoiceSynthetic).and_then(|t| t.synthetic));
    }

    #[test]
    fn without_a_law_nothing_is_synthetic() {
        let rules = Rules::new(Policy::default(), vec![voice(None)], &[]).expect("no law is allowed");
        let t = rules.thresholds(Hypothesis::VoiceSynthetic).expect("a chart");
        assert_eq!(t.synthetic, None);
        // Lorden: ln(150 spans of 4 s / (10 x 1 %)).
        assert!((t.suspect - 1500f64.ln()).abs() < 1e-9, "{t:?}");
    }

    #[test]
    fn charts_that_cannot_be_observed_share_no_promise() {
        let face =
            Source { id: SourceId::new("face"), hypotheses: vec![Hypothesis::FaceSynthetic], ..voice(Some(LAW)) };
        let both = Rules::new(Policy::default(), vec![voice(Some(LAW)), face], &[]).expect("the laws are in range");
        let at = |rules: &Rules| rules.thresholds(Hypothesis::VoiceSynthetic).and_then(|t| t.synthetic);
        let heard = both.in_use_for(&[ParticipantKind::Voice]);
        assert_eq!(at(&heard), at(&rules(Policy::default())), "as if there were no other chart");
        assert!(at(&heard) < at(&both));
        assert_eq!(at(&heard.in_use_for(&[ParticipantKind::Voice, ParticipantKind::Face])), at(&both));
    }

    #[test]
    fn a_chart_without_a_law_has_no_part_in_synthetic() {
        let flat = Source { id: SourceId::new("flat"), ..voice(None) };
        let both = Rules::new(Policy::default(), vec![voice(Some(LAW)), flat], &[]).expect("the law is in range");
        let (alone, both) = (rules(Policy::default()), both.charts[0].thresholds);
        let alone = alone.charts[0].thresholds;
        assert_eq!(both.synthetic, alone.synthetic);
        assert!(both.suspect > alone.suspect, "but in suspect: {both:?} {alone:?}");
    }

    #[test]
    fn a_rule_takes_nothing_from_the_promise_and_asks_for_one_breach() {
        let kept = Source::rule(SourceId::new("provenance"), Hypothesis::SourceInjected);
        let both = Rules::new(Policy::default(), vec![voice(Some(LAW)), kept], &[]).expect("the law is in range");
        assert_eq!(both.charts[0].thresholds, rules(Policy::default()).charts[0].thresholds, "as if it were not there");
        let asked = Thresholds { suspect: Source::RULE, synthetic: None };
        assert_eq!(both.thresholds(Hypothesis::SourceInjected), Some(asked));
        let long = both.for_call_of(Duration::from_secs(7200)).in_use_for(&[ParticipantKind::Voice]);
        assert_eq!(long.thresholds(Hypothesis::SourceInjected), Some(asked), "however long the call is");
    }

    #[test]
    fn every_complaint_is_told() {
        let bad = Policy { false_alarm: 2.0, call_s: f64::NAN, ..Policy::default() };
        let Err(RulesError::Policy(said)) = Rules::new(bad, vec![], &[]) else { panic!("must be refused") };
        assert_eq!(said.len(), 2, "{said:?}");
        let bad = voice(Some(Law { rho: 1.5, variance: -1.0, ..LAW }));
        let Err(RulesError::Source { complaints, .. }) = Rules::new(Policy::default(), vec![bad], &[]) else {
            panic!("must be refused")
        };
        assert_eq!(complaints.len(), 2, "{complaints:?}");
    }
}
