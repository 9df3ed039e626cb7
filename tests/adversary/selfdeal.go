package adversary

import (
	"context"
	"fmt"

	"cosmossdk.io/math"

	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// selfDealNodes is the number of nodes that a quorum needs, including the spare nodes.
const selfDealNodes = 4

// selfDealer posts jobs in a class in which only its own nodes work, so that everything it
// pays returns to it. This is the best case for useless work.
type selfDealer struct {
	label, policy string
	jobs          int
	// spec changes the usual job.
	spec func(spec *computetypes.JobSpec)
	// stopAfter cancels a job once this many of its tasks run or have been accepted; 0 means
	// never.
	stopAfter uint64
}

// dealers are behaviours of owners who post for their own nodes.
func dealers() []behaviour {
	return []behaviour{
		selfDealer{label: "runs its own jobs", policy: quorumPolicy, jobs: wave, spec: array(1)},
		selfDealer{label: "runs its own array", policy: arrayPolicy, jobs: 1, spec: array(2 * arrayTasks), stopAfter: arrayTasks},
	}
}

func (d selfDealer) name() string { return d.label }

func (d selfDealer) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{Behaviour: d.label, Policy: d.policy}
	f := strangers(selfDealNodes, tactics{})
	f.class = lonely
	hands, err := s.enlist(ctx, f)
	if err != nil {
		return row, err
	}
	spec := s.spec()
	spec.Class = lonely
	d.spec(&spec)
	row.Jobs = d.jobs * int(spec.Tasks) //nolint:gosec // small
	key := newKeyPair()
	if err := s.fund(ctx, int64(4*replicas*row.Jobs*reward), key.Address()); err != nil {
		return row, err
	}
	wallet := purse{accounts: []string{key.Address().String()}}
	before, err := s.readEstate(ctx, hands, wallet)
	if err != nil {
		return row, err
	}
	for _, h := range hands {
		h.start(ctx)
	}
	over, fees, err := d.deal(ctx, s, s.senders.of(key, 1), spec)
	if err != nil {
		return row, err
	}
	after, err := s.readEstate(ctx, hands, wallet)
	if err != nil {
		return row, err
	}
	nodes, paid := between(before.nodes, after.nodes), between(before.wallet, after.wallet)
	t := s.terms()
	row.Trials = len(parts(over, hands))
	row.Gain = inTfuel(nodes.gain.Add(paid.gain))
	row.Loss = inTfuel(nodes.loss.Add(paid.loss))
	row.Predicted = -t.paying(over)*(1-t.kept) - burned(over) - inTfuel(fees) - inTfuel(nodes.fees)
	row.Formula = fmt.Sprintf("-(accepted·M + held·attempt)·R·(1-kept) - burned - posting - gas, kept = %g", t.kept)
	row.Note = fmt.Sprintf("%d of %d tasks accepted, %d cancelled after they were opened, %d parts paid", accepted(over), row.Jobs,
		len(endedAs(over, computetypes.CHUNK_STATUS_CANCELLED)), count(parts(over, hands), computetypes.ASSIGNMENT_STATUS_PAID))
	return row.judged(), s.dismiss(ctx, lonely, hands)
}

// deal posts the jobs, cancels them if that is part of the play, and waits until they end. It
// returns what the requester paid apart from escrow.
func (d selfDealer) deal(ctx context.Context, s *stage, requester *chain.Sender, spec computetypes.JobSpec) ([]ended, math.Int, error) {
	posted, err := s.post(ctx, requester, spec, s.plain, d.jobs)
	if err != nil {
		return nil, posted.fees, err
	}
	fees := posted.fees
	if d.stopAfter > 0 {
		for _, job := range posted.ids {
			spent, err := s.cancelAfter(ctx, requester, job, d.stopAfter)
			if err != nil {
				return nil, fees, err
			}
			fees = fees.Add(spent)
		}
	}
	over, err := s.finish(ctx, posted.ids)
	return over, fees, err
}
