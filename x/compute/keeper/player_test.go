package keeper_test

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
)

// behaviour is how a node treats its tasks.
type behaviour int

const (
	honest      behaviour = iota
	liar                  // commits to a wrong result of its own
	colluder              // commits to the one wrong result that all colluders share
	silent                // commits and never reveals
	stalls                // never commits
	yields                // gives its tasks up in every second block
	shirks                // releases its tasks, and reports a missing input
	closed                // tells the truth, reveals and never opens
	opensLast             // tells the truth, and opens only results of a third round
	closedLiar            // lies, reveals and never opens
	misreports            // tells the truth, except for the program's exit code
	overbills             // tells the truth, except for the fuel that it has used
	contradicts           // tells the truth, but reveals fuel that differs from its tag
	echoes                // repeats the truth without the work: it makes up its own trace
	copies                // states the root of a chunk that is on the chain, as a judge, without the work
	ring                  // tells the truth with one false trace of its own that the whole ring shares
	gives                 // says without executing it that the program has failed without outputs
)

// player is a node with a behaviour. Like a sidecar, it acts on what the chain's queries
// return.
type player struct {
	f    *fixture
	n    int
	does behaviour
	// chunk is how the node treats chunks of several tasks, in addition to does.
	chunk chunkBehaviour
}

// digest returns the result that the player commits to.
func (p player) digest(job string) []byte {
	text := "result of " + p.f.origin(job)
	switch p.does {
	case liar, closedLiar:
		text = fmt.Sprintf("lie of %d", p.n)
	case colluder:
		text = "lie of all"
	case gives:
		text = "no outputs"
	}
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// origin returns the job whose work a job repeats: the job itself, or the one that it judges.
func (f *fixture) origin(id string) string {
	f.free(func() {
		if job := f.job(id); job.Challenged != nil {
			id = job.Challenged.JobId
		}
	})
	return id
}

// exitCode returns the exit code that the player reports.
func (p player) exitCode() uint32 {
	switch p.does {
	case misreports:
		return 3 - p.f.exit
	case gives:
		return 1
	default:
		return p.f.exit
	}
}

// exitOf returns the exit code that the player reports for a task of a chunk of several.
func (p player) exitOf(task uint64) uint32 {
	if p.does != misreports && p.does != gives && p.f.fails != nil && !p.f.fails(task) {
		return 0
	}
	return p.exitCode()
}

// metrics returns the metrics that the player reports: all programs here use the same amount
// of fuel.
func (p player) metrics() types.Metrics {
	if p.does == overbills || p.does == contradicts {
		return p.claims(101)
	}
	return p.claims(100)
}

// claims returns metrics with a fuel, and with the energy that the player claims.
func (p player) claims(fuel uint64) types.Metrics {
	metrics := p.f.claimed[p.n]
	metrics.Fuel = fuel
	return metrics
}

// shown returns the opening from which the player's tag is made.
func (p player) shown(ref types.ChunkRef) types.Opening {
	if of := p.f.judgedTask(ref.JobId); of != nil {
		return p.judgedResult(ref, of)
	}
	shown := shownAs(ref, p.digest(ref.JobId), ref.Round > 0 || p.f.job(ref.JobId).Challenged != nil)
	shown.Fuel, shown.ExitCode = 100, p.exitCode()
	if p.does == overbills {
		shown.Fuel++
	}
	if p.does == echoes && len(shown.OwnTrace) > 0 {
		shown.OwnTrace = sum("echo of", p.n)
	}
	if p.does == ring && len(shown.OwnTrace) > 0 {
		shown.OwnTrace = sum("echo of the ring")
	}
	return shown
}

// shownAs gives a digest the traces that a node that has computed it finds.
func shownAs(ref types.ChunkRef, digest []byte, proves bool) types.Opening {
	shown := types.Opening{Round: ref.Round, Digest: digest, Trace: sum("trace", digest)}
	if proves {
		shown.OwnTrace = sum("own trace", digest, ref)
	}
	return shown
}

func sum(parts ...any) []byte {
	hash := sha256.Sum256([]byte(fmt.Sprint(parts...)))
	return hash[:]
}

func (p player) salt() []byte { return append([]byte("salt salt salt salt"), byte(p.n)) }

func (p player) tag(ref types.ChunkRef) []byte {
	return types.Tag(chainID, ref.JobId, ref.Task, p.shown(ref))
}

func (p player) commitment(ref types.ChunkRef) []byte {
	return types.Commitment(operator(p.n), p.tag(ref), p.shown(ref).ExitCode, p.salt())
}

// act claims everything that the player may claim and serves everything that it holds.
func (p player) act() {
	f := p.f
	f.t.Helper()
	claimable, err := f.queries.Claimable(f.ctx, &types.QueryClaimableRequest{Operator: operator(p.n).String()})
	require.NoError(f.t, err)
	for _, task := range claimable.Tasks {
		p.claim(task)
	}
	held, err := f.queries.Assignments(f.ctx, &types.QueryAssignmentsRequest{Operator: operator(p.n).String()})
	require.NoError(f.t, err)
	for _, item := range held.Items {
		p.serve(item)
	}
}

// claim enters a draw. A claim that Claimable calls leading is taken, unless claims of this
// block have used up the node's slots or bond.
func (p player) claim(task types.ClaimableChunk) {
	f := p.f
	err := f.claim(p.n, task.Ref)
	if !task.Leading {
		require.Error(f.t, err)
	}
	if err != nil && !errors.Is(err, types.ErrOutranked) {
		require.ErrorIs(f.t, err, types.ErrNotQualified)
	}
}

// serve does what the task requires of the player, if its behaviour allows it.
func (p player) serve(item types.WorkItem) {
	if item.Count > 1 {
		if of := p.f.job(item.Ref.JobId).Challenged; of != nil {
			p.serveWhole(item, of)
			return
		}
		p.serveChunk(item)
		return
	}
	f, a, ref := p.f, item.Assignment, item.Ref
	switch a.Status {
	case types.ASSIGNMENT_STATUS_ASSIGNED:
		p.work(ref, a)
	case types.ASSIGNMENT_STATUS_COMMITTED:
		if item.Phase == types.ROUND_PHASE_REVEAL && item.CurrentRound == ref.Round && p.does != silent {
			_, err := f.msgs.Reveal(f.ctx, &types.MsgReveal{Worker: worker(p.n).String(), Items: []types.RevealItem{{
				Ref: ref, Tag: p.tag(ref), ExitCode: p.shown(ref).ExitCode, Salt: p.salt(), Metrics: p.metricsOf(ref),
			}}})
			require.NoError(f.t, err)
		}
	case types.ASSIGNMENT_STATUS_REVEALED:
		opens := p.does != closed && p.does != contradicts && p.does != closedLiar && (p.does != opensLast || ref.Round > 1)
		if item.MustOpen && opens {
			_, err := f.msgs.Open(f.ctx, &types.MsgOpen{Worker: worker(p.n).String(), Items: []types.OpenItem{types.NewOpenItem(ref, p.shown(ref))}})
			require.NoError(f.t, err)
		}
	}
}

// work commits, releases or does nothing.
func (p player) work(ref types.ChunkRef, a types.Assignment) {
	f := p.f
	switch p.does {
	case stalls:
	case yields:
		if f.ctx.BlockHeight()%2 == 0 {
			p.yield(ref)
		}
	case shirks:
		_, err := f.msgs.Release(f.ctx, &types.MsgRelease{Worker: worker(p.n).String(), Items: []types.ReleaseItem{{
			Ref: ref, InputUnavailable: true, Input: 1,
		}}})
		if f.ctx.BlockHeight() > a.AssignedHeight+int64(f.job(ref.JobId).PrepareBlocks) {
			require.ErrorIs(f.t, err, types.ErrReleaseLate)
		} else {
			require.NoError(f.t, err)
		}
	default:
		_, err := f.msgs.Commit(f.ctx, &types.MsgCommit{Worker: worker(p.n).String(), Items: []types.CommitItem{{
			Ref: ref, Commitment: p.commitment(ref),
		}}})
		require.NoError(f.t, err)
	}
}

// players gives each of the fixture's first nodes a behaviour.
func (f *fixture) players(does ...behaviour) []player {
	out := make([]player, len(does))
	for n, b := range does {
		out[n] = player{f: f, n: n, does: b}
	}
	return out
}

// play lets all players act in every block until the job has ended.
func (f *fixture) play(players []player, job string, blocks int) types.Job {
	f.t.Helper()
	for range blocks {
		for _, p := range players {
			p.act()
		}
		f.next()
		if j := f.job(job); j.Ended() {
			return j
		}
	}
	require.Fail(f.t, "job has not ended", "%+v", f.job(job))
	return types.Job{}
}

// outcomes returns each outcome of a task by node.
func (f *fixture) outcomes(job string) map[string]types.Outcome {
	out := map[string]types.Outcome{}
	for _, o := range f.receipt(job).Outcomes {
		out[o.Operator] = o
	}
	return out
}

func coin(amount int64) sdk.Coin { return sdk.NewInt64Coin(denom, amount) }
