package app_test

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"testing"

	ratelimittypes "github.com/cosmos/ibc-go/v11/modules/apps/rate-limiting/types"
	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	govv1 "github.com/cosmos/cosmos-sdk/x/gov/types/v1"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/testutil/apptest"
	"github.com/thetaedge/theta/testutil/edge"
	"github.com/thetaedge/theta/testutil/twin"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	rewardskeeper "github.com/thetaedge/theta/x/rewards/keeper"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const (
	// grantFlowBlocks is the length of a grantFlow.
	grantFlowBlocks = 135
	// grantHold is the number of epochs for which the pay is held.
	grantHold = 2
	// grantReward is the reward of a task, in atfuel.
	grantReward = 1_000_000_000_000_000
	// paidTasks and lastTasks are the tasks of the second and third job of the first grant.
	paidTasks, lastTasks = 12, 6
)

// grantFlow is the life of two grants of public work. A proposal makes them, their grantee funds them and
// posts a job against each, and nodes claim the pay once it has matured. Then another proposal revokes the
// first one, while the pay of its second job is held and its third job is under way. At last all operators
// claim again. The second one pays audited results for an epoch, and its deposit is withdrawn when its pay
// has matured.
type grantFlow struct {
	*edge.Network
	t *testing.T
	// claims is the number of claims, and revoking the block with the second proposal.
	claims, revoking int
	// held is the pay that could be revoked before the last block.
	held math.Int
}

func newGrantFlow(t *testing.T) *grantFlow {
	return &grantFlow{Network: edge.New(t, 5, 0), t: t, held: math.ZeroInt()}
}

func (g *grantFlow) options() []apptest.Option {
	return append(g.Options(), apptest.WithGenesis(shortVotings),
		apptest.WithGenesis(func(cdc codec.Codec, genesis map[string]json.RawMessage) {
			var rewards rewardstypes.GenesisState
			cdc.MustUnmarshalJSON(genesis[rewardstypes.ModuleName], &rewards)
			rewards.Params.GrantHoldEpochs = grantHold
			genesis[rewardstypes.ModuleName] = cdc.MustMarshalJSON(&rewards)
		}))
}

// block returns the txs of a block. They follow from the state of the chain and from what earlier blocks
// contained.
func (g *grantFlow) block(chain *apptest.Chain, i int) [][]byte {
	edge.RequireInvariants(g.t, chain)
	txs := g.Act(chain)
	switch i {
	case 0:
		return append(txs, g.Register(chain)...)
	case 1:
		create, _ := grantMessages(g.Requester)
		terms := &create.(*rewardstypes.MsgCreateGrant).Terms
		program := sha256.Sum256([]byte("program"))
		terms.Programs, terms.Prices[0].Price = [][]byte{program[:]}, params.Tfuel(1)
		terms.Budget, terms.Epochs, terms.Deposit = params.Tfuel(1), 100, params.Tfuel(1)
		second := *create.(*rewardstypes.MsgCreateGrant)
		second.Terms.Policy, second.Terms.Epochs = computetypes.POLICY_KIND_AUDIT, 1
		return append(txs, g.sign(chain, submission(g.t, g.Requester, false, create, &second)))
	case 2:
		return append(txs, g.votes(chain, 1)...)
	}
	return append(append(txs, g.work(chain, i)...), g.auditedWork(chain)...)
}

// auditedWork returns the txs about the second grant.
func (g *grantFlow) auditedWork(chain *apptest.Chain) [][]byte {
	grant, err := chain.App.RewardsKeeper.Grant(chain.Ctx(), 2)
	if err != nil {
		return nil
	}
	epoch, err := chain.App.EdgenodeKeeper.Epoch(chain.Ctx())
	require.NoError(g.t, err)
	switch {
	case grant.Status == rewardstypes.GRANT_STATUS_PENDING:
		return [][]byte{g.sign(chain, &rewardstypes.MsgFundGrant{Grantee: g.Requester.String(), Id: 2, Amount: params.TfuelCoin(1)})}
	case len(g.jobs(chain, 2)) == 0:
		job := g.job(1)
		job.Spec.Grant = 2
		job.Spec.Policy = computetypes.Policy{Kind: computetypes.POLICY_KIND_AUDIT, Replicas: 1, Auditors: 1, AuditBps: computetypes.BasisPoints}
		return [][]byte{g.sign(chain, job)}
	case grant.Deposit.IsPositive() && epoch > grant.LastEpoch()+grantHold+1:
		return [][]byte{g.sign(chain, &rewardstypes.MsgWithdrawGrant{Grantee: g.Requester.String(), Id: 2})}
	}
	return nil
}

// jobs returns the jobs of a grant.
func (g *grantFlow) jobs(chain *apptest.Chain, grant uint64) []computetypes.Job {
	return slices.DeleteFunc(g.Jobs(chain), func(job computetypes.Job) bool { return job.Grant.Id != grant })
}

// work returns the txs of a block after the first proposal.
func (g *grantFlow) work(chain *apptest.Chain, i int) [][]byte {
	grant, err := chain.App.RewardsKeeper.Grant(chain.Ctx(), 1)
	if err != nil || grant.Status == rewardstypes.GRANT_STATUS_REVOKED {
		if i == grantFlowBlocks-1 {
			return g.claim(chain, true)
		}
		return nil
	}
	g.held = g.unmatured(chain)
	jobs := len(g.jobs(chain, 1))
	txs := g.claim(chain, false)
	switch {
	case grant.Status == rewardstypes.GRANT_STATUS_PENDING:
		return append(txs, g.sign(chain, &rewardstypes.MsgFundGrant{Grantee: g.Requester.String(), Id: 1, Amount: params.TfuelCoin(2)}))
	case jobs == 0:
		return append(txs, g.sign(chain, g.job(1)))
	case jobs == 1 && g.claims > 0 && g.held.IsZero():
		g.revoking = i
		revoke := &rewardstypes.MsgRevokeGrant{Authority: app.Authority(), Id: 1}
		return append(txs, g.sign(chain, g.job(paidTasks), submission(g.t, g.Requester, false, revoke)))
	case jobs == 2 && i == g.revoking+1:
		return append(txs, g.votes(chain, 2)...)
	case jobs == 2 && i == g.revoking+votingBlocks-6:
		return append(txs, g.sign(chain, g.job(lastTasks)))
	}
	return txs
}

func (g *grantFlow) sign(chain *apptest.Chain, messages ...sdk.Msg) []byte {
	return chain.Sign(g.Requester, messages)
}

// job returns a job of the first grant.
func (g *grantFlow) job(tasks uint64) *computetypes.MsgPostJob {
	job := postJob(g.Requester.String())
	job.Spec.Grant, job.Spec.Tasks, job.Spec.Reward = 1, tasks, sdk.NewInt64Coin(params.BaseDenom, grantReward)
	return job
}

// votes accepts a proposal by the votes of the validator and of all operators.
func (g *grantFlow) votes(chain *apptest.Chain, proposal uint64) [][]byte {
	yes := func(voter apptest.Account) []byte {
		return chain.Sign(voter, []sdk.Msg{govv1.NewMsgVote(voter.Address, proposal, govv1.OptionYes, "")})
	}
	txs := [][]byte{yes(chain.Validator)}
	for _, node := range g.Nodes {
		txs = append(txs, yes(node.Operator))
	}
	return txs
}

// claim returns the claims of the operators that have earnings, or of all.
func (g *grantFlow) claim(chain *apptest.Chain, all bool) [][]byte {
	var txs [][]byte
	for _, node := range g.Nodes {
		operator := node.Operator.String()
		earned, err := rewardskeeper.NewQueryServer(chain.App.RewardsKeeper).Earnings(chain.Ctx(), &rewardstypes.QueryEarningsRequest{Operator: operator})
		require.NoError(g.t, err)
		if all || earned.Amount.IsAllPositive() {
			txs = append(txs, chain.Sign(node.Operator, []sdk.Msg{&rewardstypes.MsgClaim{Operator: operator}}))
			g.claims++
		}
	}
	return txs
}

// unmatured returns the pay of all nodes that is held and not void.
func (g *grantFlow) unmatured(chain *apptest.Chain) math.Int {
	sum := math.ZeroInt()
	for _, node := range g.Nodes {
		found, err := rewardskeeper.NewQueryServer(chain.App.RewardsKeeper).HeldPay(chain.Ctx(), &rewardstypes.QueryHeldPayRequest{Operator: node.Operator.String()})
		require.NoError(g.t, err)
		for _, pay := range found.Held {
			if !pay.Void && pay.Matures > found.Epoch {
				sum = sum.Add(pay.Amount)
			}
		}
	}
	return sum
}

// requireComplete checks that the chain has gone through all of the flow.
func (g *grantFlow) requireComplete(chain *apptest.Chain) {
	g.t.Helper()
	edge.RequireInvariants(g.t, chain)
	grant, err := chain.App.RewardsKeeper.Grant(chain.Ctx(), 1)
	require.NoError(g.t, err)
	require.Equal(g.t, rewardstypes.GRANT_STATUS_REVOKED, grant.Status)
	require.True(g.t, grant.Deposit.IsZero() && grant.Outstanding.IsZero(), "%+v", grant)
	require.Positive(g.t, g.revoking, "the first job was paid, and its pay was claimed")
	require.True(g.t, g.held.IsPositive(), "pay of the second job was held when the grant was revoked")
	jobs := make(map[uint64]computetypes.Job)
	for _, job := range g.jobs(chain, 1) {
		jobs[job.Tasks] = job
	}
	require.Equal(g.t, computetypes.JOB_STATUS_COMPLETED, jobs[1].Status)
	require.Equal(g.t, computetypes.JOB_STATUS_CANCELLED, jobs[paidTasks].Status)
	require.Positive(g.t, jobs[paidTasks].TasksAccepted, "a part of the second job was paid before")
	require.Equal(g.t, computetypes.JOB_STATUS_CANCELLED, jobs[lastTasks].Status)
	require.Zero(g.t, jobs[lastTasks].TasksAccepted)
	ledger, err := rewardskeeper.NewQueryServer(chain.App.RewardsKeeper).SupplyLedger(chain.Ctx(), &rewardstypes.QuerySupplyLedgerRequest{})
	require.NoError(g.t, err)
	require.True(g.t, ledger.Conserved)
	minted := ledger.Flows.MintedBy(rewardstypes.SUPPLY_CAUSE_GRANTS)
	second, err := chain.App.RewardsKeeper.Grant(chain.Ctx(), 2)
	require.NoError(g.t, err)
	require.Equal(g.t, rewardstypes.GRANT_STATUS_ACTIVE, second.Status)
	require.True(g.t, second.Deposit.IsZero() && second.Outstanding.IsZero(), "%+v", second)
	require.Equal(g.t, computetypes.JOB_STATUS_COMPLETED, g.jobs(chain, 2)[0].Status)
	require.True(g.t, second.Classes[0].Minted.IsPositive())
	require.True(g.t, grant.Classes[0].Minted.IsPositive())
	require.Equal(g.t, grant.Classes[0].Minted.Add(second.Classes[0].Minted), minted)
	require.True(g.t, g.unmatured(chain).IsZero())
}

// A grant of public work is made, funded, spent, paid, held, claimed and revoked in the same way on
// every kind of node.
func TestAGrantGivesTheSameStateOnEveryNode(t *testing.T) {
	g := newGrantFlow(t)
	chain := twin.Run(t, grantFlowBlocks, g.block, twin.Variants(t, grantFlowBlocks), g.options()...)
	g.requireComplete(chain)
}

// exportedModules returns the state of each module that an export contains, except for that of x/auth, where
// numbers of new accounts follow from the app hash, and the rate limits, which begin the hour again with an
// import between 0 and 1 o'clock.
func exportedModules(t *testing.T, chain *apptest.Chain) map[string]string {
	t.Helper()
	exported, err := chain.App.ExportAppStateAndValidators(false, nil, nil)
	require.NoError(t, err)
	var modules map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(exported.AppState, &modules))
	all := make(map[string]string)
	for name, state := range modules {
		all[name] = string(state)
	}
	delete(all, authtypes.ModuleName)
	delete(all, ratelimittypes.ModuleName)
	return all
}

// A chain that is exported at any moment in the life of a grant continues as the chain itself does.
func TestAnExportKeepsAGrantAndItsPay(t *testing.T) {
	g := newGrantFlow(t)
	chain := apptest.New(t, g.options()...)
	forks := make(map[string]*apptest.Chain)
	for i := range grantFlowBlocks {
		txs := g.block(chain, i)
		if moment := g.moment(chain, i); moment != "" && forks[moment] == nil {
			forks[moment] = chain.Fork()
		}
		expected := chain.NextBlock(txs...)
		for moment, fork := range forks {
			found := fork.NextBlock(txs...)
			edge.RequireInvariants(t, fork)
			for j, want := range expected.TxResults {
				result := found.TxResults[j]
				require.Equal(t, want.Code, result.Code, "exported while the grant was %s: tx %d of block %d: %s", moment, j, i, result.Log)
				require.Equal(t, want.Data, result.Data, "exported while the grant was %s: tx %d of block %d", moment, j, i)
			}
		}
	}
	g.requireComplete(chain)
	require.Len(t, forks, 6)
	want := exportedModules(t, chain)
	for moment, fork := range forks {
		for name, state := range exportedModules(t, fork) {
			require.Equal(t, want[name], state, "exported while the grant was %s: state of %s", moment, name)
		}
	}
}

// moment names what the grant goes through before a block.
func (g *grantFlow) moment(chain *apptest.Chain, i int) string {
	grant, err := chain.App.RewardsKeeper.Grant(chain.Ctx(), 1)
	jobs := g.jobs(chain, 1)
	switch {
	case err != nil && i == votingBlocks/2:
		return "voted on"
	case err != nil:
		return ""
	case grant.Status == rewardstypes.GRANT_STATUS_PENDING:
		return "pending"
	case grant.Status == rewardstypes.GRANT_STATUS_REVOKED && grant.Outstanding.IsPositive():
		return "revoked and not wound up"
	case grant.Status == rewardstypes.GRANT_STATUS_REVOKED:
		return ""
	case g.held.IsPositive() && len(jobs) == 3:
		return "about to be revoked"
	case g.held.IsPositive():
		return "held"
	case len(jobs) == 1 && jobs[0].Status == computetypes.JOB_STATUS_RUNNING:
		return "at work"
	}
	return ""
}
