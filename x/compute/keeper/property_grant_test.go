package keeper_test

import (
	"errors"
	"slices"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/x/compute/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// The accounts of a group: the grantee, a requester with coins of its own, and a challenger.
const (
	grantee = iota
	payer
	challenger
	accounts
)

// patron is a grantee with nodes and accounts of its own, among nodes of others. It posts work
// against grants and with its own coins, executes and audits, cancels, buys draws, challenges, and
// keeps inputs from the others.
type patron struct {
	*fixture
	// ring is the number of the group's nodes, which come first.
	ring    int
	players []player
	// lies reports whether nodes of the group state false results. They then do not also keep
	// inputs from the nodes of others: a ring that does both and wins a vote gains from bonds, by
	// a grant or without one.
	lies, withheld bool
	grants         map[types.PolicyKind]uint64
	jobs           []string
	// reserved is what each job of a grant took from the deposit.
	reserved map[string]math.Int
	// revoked contains the heights at which grants were revoked, and settled the results of these
	// heights that were settled before.
	revoked map[uint64]int64
	settled map[types.ChunkRef]bool
	// start is what the group had.
	start math.Int
	// besides returns what the group owns in other ways, and what it may have earned with it.
	besides func() (owned, earned math.Int)
}

// newPatron draws a group on a chain that has no nodes yet.
func newPatron(t *rapid.T, f *fixture) *patron {
	g := &patron{
		fixture: f, ring: rapid.IntRange(1, 3).Draw(t, "ring"),
		grants: map[types.PolicyKind]uint64{}, reserved: map[string]math.Int{}, revoked: map[uint64]int64{},
		settled: map[types.ChunkRef]bool{},
	}
	floor := rapid.SampledFrom([]uint32{0, 3_000}).Draw(t, "audit floor")
	attempt := rapid.SampledFrom([]uint32{0, 1_000, types.BasisPoints}).Draw(t, "attempt fee")
	g.setParams(func(p *types.Params) { p.AuditFloorBps, p.AttemptFeeBps, p.MaxDraws = floor, attempt, 3 })
	g.publicNetwork(9)
	g.lies = rapid.Bool().Draw(t, "lies")
	crowd := rapid.SampledFrom([]behaviour{honest, honest, silent, stalls, yields, shirks})
	if g.lies {
		crowd = rapid.SampledFrom([]behaviour{honest, liar, colluder, overbills, closedLiar})
	}
	for n := range 9 {
		p := player{f: g.fixture, n: n, does: honest}
		if n < g.ring {
			p.does = crowd.Draw(t, "behaviour")
			p.chunk = drawChunkBehaviour(t, nil, p.does)
			p.chunk.first = 0 // who leaves a rest to others earns less than the price of the fuel
		}
		g.players = append(g.players, p)
	}
	for _, kind := range []types.PolicyKind{types.POLICY_KIND_QUORUM, types.POLICY_KIND_AUDIT} {
		g.grants[kind] = g.makeGrant(kind, 20_000_000_000)
	}
	for n := range accounts {
		g.fund(requester(n), coin(1_000_000_000_000))
	}
	return g
}

// wealth returns what the group owns: accounts, deposits, bonds, earnings and held pay, and what
// its own jobs have in escrow.
func (g *patron) wealth() math.Int {
	sum := math.ZeroInt()
	for n := range accounts {
		sum = sum.Add(g.net(requester(n)))
	}
	for _, id := range g.grants {
		sum = sum.Add(g.grantOf(id).Deposit)
	}
	for n := range g.ring {
		sum = sum.Add(g.bond(n)).Add(g.net(operator(n))).Add(g.heldPay(n))
	}
	for _, id := range g.jobs {
		sum = sum.Add(g.job(id).Reserved)
	}
	owned, _ := g.besides()
	return sum.Add(owned)
}

func (g *patron) turn(t *rapid.T) {
	for _, p := range g.players {
		if p.n >= g.ring && g.withheld {
			p.does = shirks
		}
		if p.n >= g.ring || rapid.IntRange(0, 3).Draw(t, "acts") > 0 {
			p.act()
		}
	}
	g.next()
}

// postOne posts a job, against a grant or with own coins.
func (g *patron) postOne(t *rapid.T) {
	if len(g.jobs) > 8 {
		return
	}
	kind := rapid.SampledFrom([]types.PolicyKind{types.POLICY_KIND_QUORUM, types.POLICY_KIND_AUDIT}).Draw(t, "kind")
	s := granted(g.grants[kind], kind)
	s.Policy.AuditBps = rapid.SampledFrom([]uint32{1, 5_000, types.BasisPoints}).Draw(t, "audits")
	s.Policy.Auditors = rapid.Uint32Range(1, 2).Draw(t, "auditors")
	s.Policy.ChallengeBlocks = rapid.SampledFrom([]uint64{0, 40}).Draw(t, "window")
	s.Tasks = rapid.SampledFrom([]uint64{1, 1, 3}).Draw(t, "tasks")
	if rapid.IntRange(0, 3).Draw(t, "chunks") == 0 {
		s.Tasks, s.ChunkTasks, s.Policy.Auditors, s.CommitBlocks = 8, rapid.Uint64Range(2, 8).Draw(t, "chunk"), 1, 20
	}
	by := grantee
	if rapid.IntRange(0, 2).Draw(t, "own coins") == 0 {
		s.Grant, by = 0, payer
	}
	cached, write := g.ctx.CacheContext()
	resp, err := g.msgs.PostJob(cached, &types.MsgPostJob{Requester: requester(by).String(), Spec: s})
	if err != nil {
		known := []error{types.ErrTooFewNodes, rewardstypes.ErrGrantSpent, rewardstypes.ErrGrantNotActive}
		require.True(t, slices.ContainsFunc(known, func(e error) bool { return errors.Is(err, e) }), "%s", err)
		return
	}
	write()
	g.jobs = append(g.jobs, resp.JobId)
	g.reserved[resp.JobId] = resp.Reserved.Amount
}

func (g *patron) challengeOne(t *rapid.T) {
	var open []types.Receipt
	for _, id := range g.jobs {
		for _, r := range g.receipts[id] {
			if r.ChallengeUntil >= g.ctx.BlockHeight() {
				open = append(open, r)
			}
		}
	}
	if len(open) == 0 {
		return
	}
	r := rapid.SampledFrom(open).Draw(t, "result")
	by := rapid.SampledFrom([]int{challenger, grantee}).Draw(t, "challenger")
	resp, err := g.msgs.Challenge(g.ctx, &types.MsgChallenge{
		Challenger: requester(by).String(), JobId: r.JobId, Task: r.Task, Proof: g.proof(r.JobId, r.Task),
	})
	if err != nil {
		known := []error{types.ErrNotChallengeable, types.ErrChallengeLate, types.ErrTooFewNodes}
		require.True(t, slices.ContainsFunc(known, func(e error) bool { return errors.Is(err, e) }), "%s", err)
		return
	}
	g.jobs = append(g.jobs, resp.JudgingJob)
}

// onOne does something with one of the group's jobs, which may be refused.
func (g *patron) onOne(act func(id, requester string)) func(*rapid.T) {
	return func(t *rapid.T) {
		if len(g.jobs) == 0 {
			return
		}
		id := rapid.SampledFrom(g.jobs).Draw(t, "job")
		act(id, g.job(id).Requester)
		g.turn(t)
	}
}

func (g *patron) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"turns": func(t *rapid.T) {
			for range rapid.IntRange(1, 8).Draw(t, "turns") {
				g.turn(t)
			}
		},
		"post":      g.postOne,
		"challenge": g.challengeOne,
		"cancel": g.onOne(func(id, by string) {
			_, _ = g.msgs.CancelJob(g.ctx, &types.MsgCancelJob{Requester: by, JobId: id})
		}),
		"redraw": g.onOne(func(id, by string) {
			_, _ = g.msgs.Redraw(g.ctx, &types.MsgRedraw{Requester: by, JobId: id})
		}),
		"top up": g.onOne(func(id, by string) {
			cached, write := g.ctx.CacheContext()
			resp, err := g.msgs.TopUpJob(cached, &types.MsgTopUpJob{Requester: by, JobId: id, Tasks: 1})
			if err == nil {
				g.reserved[id] = g.reserved[id].Add(resp.Reserved.Amount)
				write()
			}
		}),
		"withhold": func(*rapid.T) { g.withheld = !g.withheld && !g.lies },
		"epoch":    func(t *rapid.T) { require.NoError(t, g.nodes.RollEpoch(g.ctx)) },
		"claim": func(t *rapid.T) {
			n := rapid.IntRange(0, len(g.players)-1).Draw(t, "node")
			_, _ = rewardskeeper.NewMsgServer(g.rewards).Claim(g.ctx, &rewardstypes.MsgClaim{Operator: operator(n).String()})
		},
		"revoke": func(t *rapid.T) {
			id := g.grants[rapid.SampledFrom([]types.PolicyKind{types.POLICY_KIND_QUORUM, types.POLICY_KIND_AUDIT}).Draw(t, "kind")]
			if g.revoked[id] != 0 || rapid.IntRange(0, 4).Draw(t, "rarely") > 0 {
				return
			}
			g.next() // results of this block are settled in it
			for _, p := range g.players {
				if rapid.Bool().Draw(t, "acts before") {
					p.act()
				}
			}
			for _, c := range g.changes() {
				if _, ended := c.Change.(*types.ChunkChange_Ended); ended {
					g.settled[types.ChunkRef{JobId: c.Ref.JobId, Task: c.Ref.Task}] = true
				}
			}
			g.revoke(id)
			g.revoked[id] = g.ctx.BlockHeight()
		},
		"": g.check,
	}
}

// work is what the receipts say that grants owe.
type work struct {
	// minted and used are of all grants together, by grant; used is at least what the budget has
	// lost for good in the present epoch.
	minted, used map[uint64]math.Int
	// ring is the group's part of minted, after the fee split.
	ring math.Int
}

// check compares grants and the group's wealth with what receipts say.
func (g *patron) check(t *rapid.T) {
	g.next() // notes of messages are folded
	w := work{minted: map[uint64]math.Int{}, used: map[uint64]math.Int{}, ring: math.ZeroInt()}
	for _, id := range g.grants {
		w.minted[id], w.used[id] = math.ZeroInt(), math.ZeroInt()
	}
	for _, id := range g.jobs {
		job := g.job(id)
		if job.Challenged != nil {
			require.Nil(t, job.Grant, "job %s judges, and a grant pays for it", id)
		}
		if job.Grant != nil {
			g.count(t, &job, &w)
		}
	}
	epoch, err := g.nodes.Epoch(g.ctx)
	require.NoError(t, err)
	minted := math.ZeroInt()
	for _, id := range g.grants {
		grant := g.grantOf(id)
		require.Equal(t, w.minted[id].String(), grant.Classes[0].Minted.String(), "grant %d mints the price of what accepted results used", id)
		require.True(t, grant.EncumberedIn(epoch).GTE(w.used[id]), "grant %d: %s of the budget are gone, at least %s are used up", id, grant.EncumberedIn(epoch), w.used[id])
		minted = minted.Add(grant.Classes[0].Minted)
	}
	gain := g.wealth().Sub(g.start)
	_, earned := g.besides()
	require.True(t, gain.LTE(w.ring.Add(earned)), "the group has gained %s, its nodes have earned %s by lot, and its stake %s", gain, w.ring, earned)
	supply := g.bank.GetSupply(g.ctx, denom).Amount
	require.True(t, supply.LTE(g.minted.AmountOf(denom).Add(minted).Add(g.emission())), "nothing is minted but for accepted results and stakers")
}

// count adds a granted job's receipts, and what of its tasks has not ended.
func (g *patron) count(t *rapid.T, job *types.Job, w *work) {
	id, seat := job.Grant.Id, job.Pay(1)
	epoch, err := g.nodes.Epoch(g.ctx)
	require.NoError(t, err)
	used := job.EncumbranceOf(job.Tasks - job.TasksEnded)
	paid, burned := math.ZeroInt(), math.ZeroInt()
	for _, r := range g.receipts[job.Id] {
		burned = burned.Add(r.Burned)
		vacated, minted := int64(0), math.ZeroInt()
		for _, o := range r.Outcomes {
			switch {
			case o.Round == 0 && (o.Status == types.ASSIGNMENT_STATUS_RELEASED || o.Status == types.ASSIGNMENT_STATUS_YIELDED || o.Status == types.ASSIGNMENT_STATUS_MISSED):
				vacated++
			case r.Status == types.CHUNK_STATUS_ACCEPTED && o.Round == 0 && o.Status == types.ASSIGNMENT_STATUS_PAID && !g.revokedBy(id, r):
				minted = minted.Add(g.earnedBy(t, job, r, o, w))
			default:
				paid = paid.Add(o.Paid)
			}
		}
		w.minted[id] = w.minted[id].Add(minted)
		whole := job.EncumbranceOf(r.Count)
		switch {
		case r.Status == types.CHUNK_STATUS_ACCEPTED:
			used = used.Add(math.MinInt(whole, minted.Add(seat.MulRaw(vacated*int64(r.Count)))))
		case len(r.Outcomes) > 0:
			used = used.Add(whole)
		}
	}
	if job.Grant.Epoch == epoch {
		w.used[id] = w.used[id].Add(used)
	}
	if job.Ended() {
		require.Equal(t, g.reserved[job.Id].String(), paid.Add(burned).Add(job.Refunded).String(), "job %s: from the deposit = attempts + burned + returned", job.Id)
	}
}

// revokedBy reports whether a grant was revoked before a result was settled. Nodes then earn attempt
// fees, which the deposit has set aside.
func (g *patron) revokedBy(id uint64, r types.Receipt) bool {
	return g.revoked[id] != 0 && r.Height >= g.revoked[id] && !g.settled[types.ChunkRef{JobId: r.JobId, Task: r.Task}]
}

// earnedBy checks what a replica or auditor of an accepted result has earned: the price of the
// fuel on which the votes agree, and of no more.
func (g *patron) earnedBy(t *rapid.T, job *types.Job, r types.Receipt, o types.Outcome, w *work) math.Int {
	fuel := o.Metrics.Fuel // the reveal of the node, which the votes have confirmed
	require.LessOrEqual(t, fuel, r.Fuel)
	price := types.FuelPay(job.Grant.Price, math.NewIntFromUint64(fuel))
	require.Equal(t, price.String(), o.Paid.String(), "job %s: %s has used %d of fuel", job.Id, o.Operator, fuel)
	if r.Count == 1 {
		require.LessOrEqual(t, fuel, uint64(101), "the program uses 100")
	}
	params, err := g.rewards.Params(g.ctx)
	require.NoError(t, err)
	for n := range g.ring {
		if operator(n).String() == o.Operator {
			w.ring = w.ring.Add(params.Split(sdk.NewCoin(denom, o.Paid)).Executor.Amount)
		}
	}
	return o.Paid
}

// finish lets all jobs of the group end.
func (g *patron) finish(t *rapid.T) {
	for range 200 {
		if !slices.ContainsFunc(g.jobs, func(id string) bool { return !g.over(id) }) {
			break
		}
		g.turn(t)
	}
	g.check(t)
	for _, id := range g.grants {
		require.Equal(t, "0", g.grantOf(id).Outstanding.String())
	}
}

// settle lets all jobs of the group end, and revokes its grants.
func (g *patron) settle(t *rapid.T) {
	g.finish(t)
	for _, id := range g.grants {
		if g.revoked[id] == 0 {
			g.revoke(id)
		}
	}
	g.next()
}
