package round

import (
	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/compute/types"
)

// The results of a job that names a grant are paid with new coins, for the fuel that the accepted
// result used. Attempts, draws and seats cost the deposit of the grant: they are what the escrow of
// such a job contains.

// revoked reports whether the job's grant was revoked. The answer does not change while a handler
// works on the chunk.
func (t *Chunk) revoked() (bool, error) {
	if t.job.Grant == nil || t.grantRead {
		return t.grantRevoked, nil
	}
	revoked, err := t.deps.Rewards.GrantRevoked(t.ctx, t.job.Grant.Id)
	t.grantRevoked, t.grantRead = revoked, err == nil
	return revoked, err
}

// endsUnpaid reports whether the first round of the chunk waits for nodes, or draws them, whose work
// the chain no longer pays because the job's grant was revoked. The nodes that hold the chunk then
// earn the attempt fee from what the deposit has set aside, also those that have committed. A round
// in which all nodes have committed runs to its verdict, and so do further rounds, whose judges are
// paid by the losers.
func (t *Chunk) endsUnpaid() (bool, error) {
	if t.index() > 0 || t.current().Phase != types.ROUND_PHASE_COMMIT {
		return false, nil
	}
	return t.revoked()
}

// payGranted credits a replica or auditor that is right with the price of the fuel that the
// accepted result used for its tasks. If no node that is right has executed the whole chunk, there
// is no result, and a grant that was revoked pays for none: the node then earns the attempt fee from
// the deposit.
func (t *Chunk) payGranted(b *ballot, right []*ballot, found verdict) error {
	revoked, err := t.revoked()
	if err != nil {
		return err
	}
	if revoked || t.covering(right) < 0 {
		fee := math.MinInt(t.params.AttemptFee(t.pay(b.a)), t.Left())
		return t.payFromEscrow(b, fee, types.CREDIT_SOURCE_ATTEMPTS)
	}
	gross, err := t.deps.Rewards.CreditGrant(t.ctx, types.GrantCredit{
		Grant: t.job.Grant, Operator: b.operator, Class: t.job.Class, Denom: t.job.Reward.Denom,
		Fuel: t.fuelOf(b, found), Most: t.pay(b.a), Less: t.grantHandover(b.a),
		From: t.from(types.CREDIT_SOURCE_GRANTS),
	})
	if err != nil {
		return err
	}
	t.minted, b.outcome.Paid = t.minted.Add(gross), b.outcome.Paid.Add(gross)
	return nil
}

// fuelOf returns the fuel that the accepted result used for the tasks that a node has executed
// which is right. The votes cover it: the tag of a result contains its fuel, the root of a chunk
// is that of a sum tree, and nodes that are right do not differ about a task.
func (t *Chunk) fuelOf(b *ballot, found verdict) uint64 {
	switch {
	case t.single():
		return found.fuel
	case t.covers(b.a):
		return b.a.Metrics.Fuel
	default:
		return t.sampledFuel(b.a)
	}
}

// sampledFuel returns the fuel that a part has revealed of the samples of the first round. The
// part has been settled by now.
func (t *Chunk) sampledFuel(a part) uint64 {
	fuel := uint64(0)
	for _, position := range t.record.Rounds[0].Samples {
		if leaf, shown := t.shownLeaf(a, position); shown {
			fuel += leaf.Fuel
		}
	}
	return fuel
}

// grantHandover returns what a replica does not earn that has left a rest of its chunk to others:
// the price of what the auditors of its part have executed, see handover.
func (t *Chunk) grantHandover(a part) math.Int {
	if t.handover(a).IsZero() {
		return math.ZeroInt()
	}
	audited := math.NewIntFromUint64(t.sampledFuel(a))
	return types.FuelPay(t.job.Grant.Price, audited).MulRaw(int64(t.record.Rounds[0].Auditors))
}

// vacated returns how many seats of the first round nodes have left, for whatever reason, also
// while the tasks were part of a longer chunk: otherwise a node of a group could cut its chunk
// short to have the seats of the rest drawn again for free.
func (t *Chunk) vacated() int {
	seats := int(t.record.Vacated)
	for i := range t.record.Departed {
		if t.record.Departed[i].Round == 0 {
			seats++
		}
	}
	return seats
}

// vacatedOut reports whether the first round has lost so many nodes that its grant does not pay
// for another draw.
func (t *Chunk) vacatedOut() bool { return t.index() == 0 && t.job.VacatedOut(t.vacated()) }

// grantUsed returns the part of the chunk's encumbrance that does not return to the grant's
// budget, in the reward's denom: what was paid, and the pay of each seat that was vacated. A chunk
// without an accepted result uses up all of it, unless no node was ever drawn. The lot of each
// seat thus costs the budget as much as the seat would have earned. A grantee who has seats drawn
// again until nodes of their own hold them uses up the budget, and cannot take more of it than
// these nodes' share of the lot.
func (t *Chunk) grantUsed(status types.ChunkStatus, ballots []ballot) math.Int {
	whole := t.job.EncumbranceOf(t.count())
	switch {
	case whole.IsZero():
		return whole
	case status == types.CHUNK_STATUS_ACCEPTED:
		return math.MinInt(whole, t.minted.Add(t.job.Pay(t.count()).MulRaw(int64(t.vacated()))))
	case t.drawn || len(ballots) > 0 || len(t.record.Departed) > 0 || t.record.Vacated > 0:
		return whole
	default:
		return math.ZeroInt()
	}
}
