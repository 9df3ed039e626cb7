package adversary

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/sidecar/chain"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// redrawer owns a few nodes and posts many copies of a job. As soon as the seed of a draw is
// public, it computes which nodes will be drawn, and cancels the jobs in which another
// owner's node has a seat: it wants a job that only its own nodes work on.
type redrawer struct{}

func (redrawer) name() string { return "redraws until it suits" }

// redrawNodes is the number of its own nodes, a quarter of the class.
const redrawNodes = 3

func (b redrawer) play(ctx context.Context, s *stage) (Row, error) {
	row := Row{
		Behaviour: b.name(), Policy: quorumPolicy, Jobs: wave,
		Formula: "-cancelled·M·seat - accepted·M·R - posting - gas: a draw that does not suit costs its seats, one in C(N,M)/C(k,M) suits",
	}
	f := strangers(redrawNodes, tactics{})
	hands, err := s.enlist(ctx, f)
	if err != nil {
		return row, err
	}
	key := newKeyPair()
	if err := s.fund(ctx, 5*replicas*wave*reward, key.Address()); err != nil {
		return row, err
	}
	wallet := purse{accounts: []string{key.Address().String()}}
	before, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	sender := s.senders.of(key, 1)
	posted, err := s.post(ctx, sender, s.spec(), s.plain, wave)
	if err != nil {
		return row, err
	}
	unwanted, err := s.strangersIn(ctx, posted.ids, hands)
	if err != nil {
		return row, err
	}
	fees, err := s.cancelAll(ctx, sender, unwanted)
	if err != nil {
		return row, err
	}
	over, err := s.finish(ctx, posted.ids)
	if err != nil {
		return row, err
	}
	after, err := s.read(ctx, wallet)
	if err != nil {
		return row, err
	}
	c, t := between(before, after), s.terms()
	cancelled := len(endedAs(over, computetypes.CHUNK_STATUS_CANCELLED))
	row.Gain, row.Loss, row.Trials = inTfuel(c.gain), inTfuel(c.loss), cancelled
	row.Predicted = -(float64(cancelled)*t.seat()+float64(accepted(over))*t.reward)*replicas - inTfuel(posted.fees.Add(fees))
	row.Note = fmt.Sprintf("%d of %d draws had a stranger in them; %d cancelled, %d ran before they could be",
		len(unwanted), wave, cancelled, accepted(over))
	return row.judged(), s.dismiss(ctx, f.class, hands)
}

// strangersIn returns the jobs whose first draw gives a seat to a node that is not one of
// hands.
func (s *stage) strangersIn(ctx context.Context, ids []string, hands []*hand) ([]string, error) {
	mine, all := map[string]bool{}, []string{}
	for _, node := range s.net.Nodes() {
		all = append(all, node.Operator)
	}
	for _, h := range hands {
		all, mine[h.address()] = append(all, h.address()), true
	}
	weight := params.Tfuel(int64(s.weightOf(strangerBond, strangerSlots)))
	var unwanted []string
	for _, text := range ids {
		id, err := computetypes.ParseJobID(text)
		if err != nil {
			return nil, err
		}
		var seed []byte
		if err := s.await(ctx, "the seed of job "+text, func() (bool, error) {
			seed, err = s.seedAt(ctx, int64(id.Height)) //nolint:gosec // a height
			return err == nil, nil
		}); err != nil {
			return nil, err
		}
		ranks := map[string][]byte{}
		for _, operator := range all {
			account, err := sdk.AccAddressFromBech32(operator)
			if err != nil {
				return nil, err
			}
			ranks[operator] = computetypes.Rank(seed, id, 0, 0, 0, account, weight)
		}
		slices.SortFunc(all, func(a, b string) int { return bytes.Compare(ranks[a], ranks[b]) })
		if slices.ContainsFunc(all[:replicas], func(operator string) bool { return !mine[operator] }) {
			unwanted = append(unwanted, text)
		}
	}
	return unwanted, nil
}

// cancelAll cancels jobs in one transaction, and returns its fee.
func (s *stage) cancelAll(ctx context.Context, requester *chain.Sender, ids []string) (math.Int, error) {
	if len(ids) == 0 {
		return math.ZeroInt(), nil
	}
	msgs := make([]sdk.Msg, len(ids))
	for i, id := range ids {
		msgs[i] = &computetypes.MsgCancelJob{Requester: requester.Address().String(), JobId: id}
	}
	result, err := requester.Send(ctx, msgs...)
	return s.rewards.MinGasPrice.MulRaw(result.GasWanted), err
}
