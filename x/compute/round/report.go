package round

import (
	"slices"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// report returns the slot and the lock of a node that reports a missing input, except for the
// fee of a missed deadline. The fee stays locked until the report is judged, because a free
// bond could be withdrawn by then. A node pledges nothing for a seat that does not cost the
// requester anything, such as an auditor's: otherwise the requester could harm it for free.
func (t *Chunk) report(operator sdk.AccAddress, text string, locked math.Int) error {
	fee := math.ZeroInt()
	if t.charged() {
		fee = t.params.MissedFault(t.job.Value(t.seats()))
	}
	pledged, err := t.deps.Nodes.Pledge(t.ctx, operator, locked, fee)
	if err != nil {
		return err
	}
	round := t.current()
	round.Reports = append(round.Reports, types.InputReport{Operator: text, Pledged: pledged})
	t.record.InputReports = append(t.record.InputReports, text)
	return nil
}

// classifyReports determines whether the current round's reports are contradicted, once all
// its seats have committed. The chain cannot see whether a node lied or its requester kept
// the inputs from it. Therefore the seat has cost the requester its fee, and a contradicted
// report costs the node a fee too: neither can harm the other for free.
func (t *Chunk) classifyReports() error {
	round := t.current()
	if !types.ReportsAreContradicted(round.Committed, uint32(len(round.Reports))) {
		return t.believeReports()
	}
	reports := round.Reports
	round.Reports = nil
	for _, r := range reports {
		if r.Pledged.IsZero() { // its node may be gone
			continue
		}
		addr, err := t.operator(r.Operator)
		if err != nil {
			return err
		}
		burned, err := t.deps.Nodes.Forfeit(t.ctx, edgenodetypes.ForfeitRequest{
			Operator: addr, Pledged: r.Pledged, JobID: t.job.Id, Task: t.record.Index,
		})
		if err != nil {
			return err
		}
		i := slices.IndexFunc(t.record.Departed, func(o types.Outcome) bool { return o.Operator == r.Operator })
		t.record.Departed[i].Slashed = burned
	}
	return nil
}

// believeReports returns what the nodes of the current round's reports have pledged: too few
// nodes have shown that the inputs were available.
func (t *Chunk) believeReports() error {
	round := t.current()
	reports := round.Reports
	round.Reports = nil
	for _, r := range reports {
		if r.Pledged.IsZero() { // its node may be gone
			continue
		}
		addr, err := t.operator(r.Operator)
		if err != nil {
			return err
		}
		if err := t.deps.Nodes.Redeem(t.ctx, addr, r.Pledged); err != nil {
			return err
		}
	}
	return nil
}
