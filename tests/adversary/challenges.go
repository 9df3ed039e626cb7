package adversary

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

const (
	// rareBps is the probability of an audit of challenged results, in basis points. One node
	// audits.
	rareBps = 1_000
	// rareChance is rareBps as a probability.
	rareChance = float64(rareBps) / computetypes.BasisPoints
	// windowBlocks is the number of blocks for which a result may be challenged. The chain
	// rounds it up to a multiple of holdBlocks.
	windowBlocks, holdBlocks = 200, 10
	// challengeEvery: a requester challenges every second result.
	challengeEvery = 2
	// challengePolicy is the name of the policy in reports.
	challengePolicy = "AUDIT(0.1, 1), challenges"
)

// challenges are behaviours that concern results that may be challenged.
func challenges() []behaviour {
	return []behaviour{
		challengedLiar{label: "lies where results are challenged"},
		challengedLiar{label: "challenges its own lies", own: true},
		shamChallenger{},
	}
}

// contestable turns a job into one whose results may be challenged and are rarely audited.
func contestable(spec *computetypes.JobSpec) {
	spec.Policy = computetypes.Policy{
		Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, AuditBps: rareBps, Auditors: 1, ChallengeBlocks: windowBlocks,
	}
}

// judges returns the number of nodes that judge a challenge here: the number of a first
// escalation, made odd.
func (t terms) judges() float64 { return float64(t.escalation[0] | 1) }

// doubt is the outcome of challenging some results.
type doubt struct {
	// results are the jobs whose results were challenged; judging are the jobs that judge
	// them.
	results []ended
	judging []string
	// fees are gas and posting fees, in atfuel.
	fees math.Int
}

// challenge challenges the results of some jobs, in one transaction.
func (s *stage) challenge(ctx context.Context, challenger *chain.Sender, results []ended) (doubt, error) {
	d := doubt{results: results, fees: math.ZeroInt()}
	if len(results) == 0 {
		return d, nil
	}
	msgs := make([]sdk.Msg, len(results))
	for i, e := range results {
		msgs[i] = &computetypes.MsgChallenge{Challenger: challenger.Address().String(), JobId: e.job.Id}
	}
	sent, err := challenger.Send(ctx, msgs...)
	if err != nil {
		return d, fmt.Errorf("challenge results: %w", err)
	}
	d.fees = s.rewards.MinGasPrice.MulRaw(sent.GasWanted)
	for _, raw := range sent.Responses {
		var answer computetypes.MsgChallengeResponse
		if err := answer.Unmarshal(raw.Value); err != nil {
			return d, err
		}
		d.judging, d.fees = append(d.judging, answer.JudgingJob), d.fees.Add(answer.PostingFee.Amount)
	}
	return d, nil
}

// agreed returns the jobs whose first round has agreed on a result, which may be challenged.
func agreed(over []ended) []ended {
	var found []ended
	for _, e := range over {
		if len(e.receipts) > 0 && len(e.receipts[0].Agreed()) > 0 {
			found = append(found, e)
		}
	}
	return found
}

// challengedLiar is an owner who lies in jobs that are rarely audited. Either the requester
// challenges a share of all results, whichever node they come from; or a friend of the liar
// challenges each lie that was not found, for the reward.
type challengedLiar struct {
	label string
	own   bool
}

func (b challengedLiar) name() string { return b.label }

func (b challengedLiar) play(ctx context.Context, s *stage) (Row, error) {
	f := strangers(3, tactics{claims: onlyExecutes, answer: guess})
	row := Row{Behaviour: b.label, Policy: challengePolicy, Jobs: wave}
	hands, err := s.enlist(ctx, f)
	if err != nil {
		return row, err
	}
	key := newKeyPair()
	if err := s.fund(ctx, wave*honestNodes*reward, key.Address()); err != nil {
		return row, err
	}
	friend, challenger := challengerPurse(key), s.customer
	if b.own {
		challenger = s.senders.of(key, 1)
	}
	before, err := s.readEstate(ctx, hands, friend)
	if err != nil {
		return row, err
	}
	for _, h := range hands {
		h.start(ctx)
	}
	over, err := s.show(ctx, wave, contestable)
	if err != nil {
		return row, err
	}
	d, err := s.challenge(ctx, challenger, b.chosen(over, hands))
	if err != nil {
		return row, err
	}
	judged, err := s.finish(ctx, d.judging)
	if err != nil {
		return row, err
	}
	after, err := s.readEstate(ctx, hands, friend)
	if err != nil {
		return row, err
	}
	nodes, paid := between(before.nodes, after.nodes), between(before.wallet, after.wallet)
	row.Gain, row.Loss = inTfuel(nodes.gain.Add(paid.gain)), inTfuel(nodes.loss.Add(paid.loss))
	b.predict(s, &row, parts(over, hands), len(parts(d.results, hands)), d)
	row.Predicted -= inTfuel(nodes.fees)
	row.Note += fmt.Sprintf("; %d of %d challenges judged", accepted(judged), len(d.judging))
	return row.judged(), s.dismiss(ctx, f.class, hands)
}

// challengerPurse returns the purse of a challenger. A won challenge is credited to its
// earnings.
func challengerPurse(key keyPair) purse {
	return purse{accounts: []string{key.Address().String()}, operators: []string{key.Address().String()}}
}

// chosen returns the jobs whose results are challenged.
func (b challengedLiar) chosen(over []ended, hands []*hand) []ended {
	var found []ended
	for i, e := range agreed(over) {
		if lied := len(parts([]ended{e}, hands)) > 0; b.own && lied || !b.own && i%challengeEvery == 0 {
			found = append(found, e)
		}
	}
	return found
}

// predict does not depend on chance: it uses the number of lies that audits have found, and
// the number of accepted lies that were challenged.
func (b challengedLiar) predict(s *stage, row *Row, lies []computetypes.Outcome, caught int, d doubt) {
	t := s.audited(rareChance)
	audited := count(lies, computetypes.ASSIGNMENT_STATUS_SLASHED)
	paid := len(lies) - audited
	row.Trials = len(lies)
	row.Predicted = float64(paid)*t.reward*t.kept - float64(audited+caught)*t.liability
	row.Formula = fmt.Sprintf("accepted·R·kept - (audited + challenged)·L - gas, L = %.4g: what was accepted stays at stake for %d blocks", t.liability, windowBlocks)
	if b.own {
		// The judges' pay leaves the friend's balance and returns as earnings.
		row.Predicted += float64(caught)*math.Min(t.honest*(t.liability-(t.judges()+1)*t.reward), t.reward) - inTfuel(d.fees)
		row.Formula = fmt.Sprintf("accepted·R·kept - (audited + challenged)·L + challenged·min(honest·(L - (J + 1)·R), R) - posting - gas, L = %.4g, J = %g judges: the friend gets its judges' pay back and the honest share of what is left, R at most",
			t.liability, t.judges())
	}
	row.Note = fmt.Sprintf("%d lies, %d of them found by audits and %d by challenges of %d results", len(lies), audited, caught, len(d.results))
}

// shamChallenger challenges results of honest nodes, so that their bonds are taken or at
// least locked.
type shamChallenger struct{}

func (shamChallenger) name() string { return "challenges honest work" }

func (b shamChallenger) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{
		Behaviour: b.name(), Policy: challengePolicy, Jobs: badJobs,
		Formula: "-judged·J·R - posting - gas: judges are paid by whoever is wrong",
	}
	key := newKeyPair()
	if err := s.fund(ctx, badJobs*honestNodes*reward, key.Address()); err != nil {
		return row, err
	}
	over, err := s.show(ctx, badJobs, contestable)
	if err != nil {
		return row, err
	}
	wallet, challenger := challengerPurse(key), s.senders.of(key, 1)
	before, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	d, err := s.challenge(ctx, challenger, agreed(over))
	if err != nil {
		return row, err
	}
	judged, err := s.finish(ctx, d.judging)
	if err != nil {
		return row, err
	}
	after, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	c, t := between(before, after), s.terms()
	row.Trials, row.Gain, row.Loss = len(d.judging), inTfuel(c.gain), inTfuel(c.loss)
	row.Predicted = -t.reward*t.judges()*float64(accepted(judged)) - inTfuel(d.fees)
	row.Note = fmt.Sprintf("%d challenges judged, and nobody was slashed", accepted(judged))
	return row.judged(), nil
}
