package round

import (
	"slices"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// report gives a node its slot and lock back that reports a missing input, but for the
// fee of a missed deadline. That stays locked until the report is judged: a bond that is
// free by then could be gone.
func (t *Task) report(operator sdk.AccAddress, text string) error {
	pledged, err := t.deps.Nodes.Pledge(t.ctx, operator, t.job.Liability, t.params.MissedFault(t.job.BondValue))
	if err != nil {
		return err
	}
	round := t.current()
	round.Reports = append(round.Reports, types.InputReport{Operator: text, Pledged: pledged})
	t.record.InputReports = append(t.record.InputReports, text)
	return nil
}

// classifyReports says what the current round's reports were, once all its seats have
// committed. The chain cannot see whether a node lied or its requester kept the inputs from
// it, so the seat has cost the requester its fee, and a contradicted report costs the node one
// too: neither can harm the other for nothing.
func (t *Task) classifyReports() error {
	round := t.current()
	if !types.ReportsAreContradicted(round.Committed, uint32(len(round.Reports))) {
		return t.believeReports()
	}
	reports := round.Reports
	round.Reports = nil
	for _, r := range reports {
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

// believeReports gives back what the current round's reports have pledged: too few nodes
// have shown that the inputs were there.
func (t *Task) believeReports() error {
	round := t.current()
	reports := round.Reports
	round.Reports = nil
	for _, r := range reports {
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
