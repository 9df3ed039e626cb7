package agent

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// drawPages bounds the pages of draws that are read in a block. The chain lists those
// alone that take claims now, judges and auditors first. An array may have more than
// that: what is left is read in the blocks that follow.
const drawPages = 4

// claim is a draw that this node would enter.
type claim struct {
	key   store.Key
	close int64
	rank  []byte
	job   job
}

// wantsWork tells whether a claim may be sent at all.
func (a *Agent) wantsWork() bool {
	return !a.draining && a.node != nil && a.node.State.Status == activeNode &&
		a.freeSlots() > 0 && !a.cfg.Policy.Paused()
}

// openDraws returns the draws that this node would enter, lowest ranks first and
// no more than it has room for. The first page is read in every block, because calls
// for judges stand on it and what has just opened is rarely full, and then the pages
// after the last that was read before.
func (a *Agent) openDraws(ctx context.Context, operator string) ([]claim, error) {
	a.passed = nil
	var wanted []claim
	var from []byte
	for page := range drawPages {
		draws, err := a.cfg.Chain.ClaimablePage(ctx, operator, from)
		if err != nil {
			return nil, err
		}
		for i := range draws.Tasks {
			c, fresh, err := a.wanted(ctx, &draws.Tasks[i])
			if err != nil {
				return nil, err
			}
			if fresh {
				wanted = append(wanted, c)
			}
		}
		if page == 0 && a.drawsFrom != nil && draws.Next != nil {
			from = a.drawsFrom
			continue
		}
		if from, a.drawsFrom = draws.Next, draws.Next; from == nil {
			break
		}
	}
	slices.SortStableFunc(wanted, func(x, y claim) int {
		return cmp.Or(bytes.Compare(x.rank, y.rank), cmp.Compare(x.key.String(), y.key.String()))
	})
	// A draw may stand on two pages when others have moved between the reads.
	wanted = slices.CompactFunc(wanted, func(x, y claim) bool { return x.key == y.key })
	if len(wanted) == 0 {
		return nil, nil
	}
	fees, err := a.readFunds(ctx)
	if err != nil {
		return nil, err
	}
	if fees.assignments == 0 {
		a.trouble("no new work", errors.New(fees.why))
	}
	room, err := a.diskRoom()
	if err != nil {
		return nil, err
	}
	return a.affordable(wanted, fees, room), nil
}

// wanted tells whether a draw is one that the owner wants and that this node has
// not tried before.
func (a *Agent) wanted(ctx context.Context, task *computetypes.ClaimableTask) (claim, bool, error) {
	key := keyOf(task.Ref)
	if w, tracked := a.assignments[key]; tracked && (w.record.Phase != store.PhaseClaimed || w.claimSent) {
		return claim{}, false, nil
	}
	if task.CloseHeight <= a.height+1 {
		return claim{}, false, nil
	}
	if !task.Leading {
		a.pass(key, "other nodes have lower ranks for all its replicas")
		return claim{}, false, nil
	}
	record, err := a.cfg.Journal.Get(key)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		a.fatal = err
		return claim{}, false, err
	case record.Phase == store.PhaseReleased && record.Deadlines.Claim == task.CloseHeight:
		a.pass(key, record.LastError)
		return claim{}, false, nil
	}
	if why := a.shunReason(key.JobID); why != "" {
		a.pass(key, why)
		return claim{}, false, nil
	}
	j, err := a.job(ctx, key.JobID)
	if err != nil {
		return claim{}, false, err
	}
	if why := cmp.Or(a.killerReason(j), a.refusal(j)); why != "" {
		a.pass(key, why)
		return claim{}, false, nil
	}
	if ok, why := a.reachable(j.spec.Sink); !ok {
		if why != "" {
			a.pass(key, why)
		}
		return claim{}, false, nil
	}
	return claim{key: key, close: task.CloseHeight, rank: task.Rank, job: j}, true, nil
}

// refusal returns why neither machine nor owner want a job, or "".
func (a *Agent) refusal(j job) string {
	engine, runs := a.executors[j.spec.Executor]
	if !runs {
		return "needs an executor for " + j.spec.Executor + ", which this machine has not"
	}
	if f := engine.Fingerprint(a.ctx); f.Health != executor.Healthy {
		return "needs an executor for " + j.spec.Executor + ", which does not work here: " + f.Detail
	}
	return a.cfg.Policy.refusal(j, a.operator.String(), a.params)
}

// affordable keeps the claims for which the node has slots, bond, fees, disk
// and time.
func (a *Agent) affordable(wanted []claim, fees funds, room uint64) []claim {
	slots, bond := a.freeSlots(), a.node.State.Bond.Sub(a.node.State.Locked)
	ahead := a.stints()
	var claims []claim
	lacking := uint64(math.MaxUint64)
	for _, c := range wanted {
		more := stint{fuel: c.job.spec.Resources.Fuel, deadline: a.height + commitBlocks(c.job.spec)}
		switch {
		case len(claims) >= slots:
			a.pass(c.key, fmt.Sprintf("no slot is free: %d were, for draws with lower ranks", slots))
		case c.job.liability.GT(bond):
			a.pass(c.key, fmt.Sprintf("locks %s of the bond, %s is free", c.job.liability, bond))
		case !a.cfg.Policy.fits(ahead, more, a.height):
			a.pass(c.key, fmt.Sprintf("asks for %d fuel in %d blocks, and %d programs are before it at %d fuel a block",
				more.fuel, c.job.spec.CommitBlocks, len(ahead), a.cfg.Policy.FuelPerBlock))
		case fees.short(c.job, a.params.RevealBlocks, a.cfg.Now()) != "":
			a.pass(c.key, fees.short(c.job, a.params.RevealBlocks, a.cfg.Now()))
		case footprint(c.job.spec) > room:
			a.pass(c.key, fmt.Sprintf("may take %d bytes of disk, and beside a reserve of %d for what is held %d are free at %s", footprint(c.job.spec), DiskReserve, room, a.cfg.WorkDir))
			lacking = min(lacking, footprint(c.job.spec)-room)
		default:
			room -= footprint(c.job.spec)
			fees.assignments--
			bond = bond.Sub(c.job.liability)
			ahead = append(ahead, more)
			claims = append(claims, c)
		}
	}
	if lacking != math.MaxUint64 {
		a.makeRoom(lacking)
	}
	return claims
}
