package adversary

import (
	"context"
	"fmt"

	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// selfDealNodes are as many as a quorum needs with the nodes to spare.
const selfDealNodes = 4

// selfDealer posts jobs in a class in which nobody but its own nodes works, so
// that all it pays comes back to it: the best case for work that nobody needs.
type selfDealer struct{}

func (selfDealer) name() string { return "runs its own jobs" }

func (d selfDealer) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{Behaviour: d.name(), Policy: quorumPolicy, Jobs: wave}
	f := strangers(selfDealNodes, tactics{})
	f.class = lonely
	hands, err := s.enlist(ctx, f)
	if err != nil {
		return row, err
	}
	key := newKeyPair()
	if err := s.fund(ctx, 4*replicas*wave*reward, key.Address()); err != nil {
		return row, err
	}
	wallet := purse{accounts: []string{key.Address().String()}}
	nodesBefore, err := s.read(ctx, purseOf(hands))
	if err != nil {
		return row, err
	}
	walletBefore, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	for _, h := range hands {
		h.start(ctx)
	}
	spec := s.spec()
	spec.Class = lonely
	posted, err := s.post(ctx, s.senders.of(key, 1), spec, s.plain, wave)
	if err != nil {
		return row, err
	}
	over, err := s.finish(ctx, posted.ids)
	if err != nil {
		return row, err
	}
	nodesAfter, err := s.read(ctx, purseOf(hands))
	if err != nil {
		return row, err
	}
	walletAfter, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	nodes, paid := between(nodesBefore, nodesAfter), between(walletBefore, walletAfter)
	t := s.terms()
	row.Trials = len(parts(over, hands))
	row.Gain = inTfuel(nodes.gain.Add(paid.gain))
	row.Loss = inTfuel(nodes.loss.Add(paid.loss))
	row.Predicted = -float64(wave*replicas)*t.reward*(1-t.kept) - inTfuel(posted.fees) - inTfuel(nodes.fees)
	row.Formula = fmt.Sprintf("-jobs·M·R·(1-kept) - posting - gas, kept = %g", t.kept)
	row.Note = fmt.Sprintf("%d of %d jobs accepted, %d parts paid", accepted(over), wave, count(parts(over, hands), computetypes.ASSIGNMENT_STATUS_PAID))
	return row.judged(), s.dismiss(ctx, lonely, hands)
}
