package edge

import (
	"crypto/sha256"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/app"
	"github.com/thetaedge/theta/testutil/apptest"
	computekeeper "github.com/thetaedge/theta/x/compute/keeper"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// digest returns the result to which the node commits.
func (n Node) digest(job string) []byte {
	if n.Result != nil {
		return n.Result
	}
	text := "result of " + job
	if n.Lies {
		text = "lie of " + n.Operator.String()
	}
	sum := sha256.Sum256([]byte(text))
	return sum[:]
}

// shown returns the opening from which the node's tag is made.
func (n Node) shown(item *computetypes.WorkItem) computetypes.Opening {
	shown := Executed(n.digest(item.Ref.JobId))
	shown.Round = item.Ref.Round
	if len(item.TraceKeys) > 1 {
		sum := sha256.Sum256(append(append([]byte("own trace of "), shown.Digest...), item.TraceKeys[1]...))
		shown.OwnTrace = sum[:]
	}
	return shown
}

// Executed returns the opening of an execution with a result digest, which is the same for
// all nodes. The trace follows from the digest alone, so that a test can deliver it before
// the task has a key.
func Executed(digest []byte) computetypes.Opening {
	sum := sha256.Sum256(append([]byte("trace of "), digest...))
	return computetypes.Opening{Digest: digest, Fuel: fuel, Trace: sum[:]}
}

func (n Node) tag(item *computetypes.WorkItem) []byte {
	return computetypes.Tag(apptest.ChainID, item.Ref.JobId, item.Ref.Task, n.shown(item))
}

// Reveals returns the item that the node reveals in a first round.
func (n Node) Reveals(ref computetypes.ChunkRef) computetypes.RevealItem {
	return n.reveal(&computetypes.WorkItem{Ref: ref})
}

func (n Node) reveal(item *computetypes.WorkItem) computetypes.RevealItem {
	return computetypes.RevealItem{Ref: item.Ref, Tag: n.tag(item), Salt: n.salt(), Metrics: computetypes.Metrics{Fuel: fuel}}
}

// fuel is the fuel that every execution uses.
const fuel = 7

// salt returns a fixed salt, so that a test can be repeated. A sidecar draws it at random.
func (n Node) salt() []byte {
	sum := sha256.Sum256([]byte("salt of " + n.Operator.String()))
	return sum[:]
}

// Work returns a node's messages of the block after height: at most one batch of each kind. ctx
// reads the state of the chain at that height.
func (n *Network) Work(a *app.App, ctx sdk.Context, height int64, node Node) []sdk.Msg {
	n.t.Helper()
	queries := computekeeper.NewQueryServer(a.ComputeKeeper)
	claimable, err := queries.Claimable(ctx, &computetypes.QueryClaimableRequest{Operator: node.Operator.String()})
	if err != nil {
		// A node without weight in this epoch cannot claim anything.
		return nil
	}
	held, err := queries.Assignments(ctx, &computetypes.QueryAssignmentsRequest{Operator: node.Operator.String()})
	require.NoError(n.t, err)

	worker := node.Worker.String()
	claim := &computetypes.MsgClaim{Worker: worker}
	commit := &computetypes.MsgCommit{Worker: worker}
	reveal := &computetypes.MsgReveal{Worker: worker}
	open := &computetypes.MsgOpen{Worker: worker}
	for _, task := range claimable.Tasks {
		if task.Leading && height+1 < task.CloseHeight {
			claim.Items = append(claim.Items, task.Ref)
		}
	}
	for i := range held.Items {
		item := &held.Items[i]
		a, ref := item.Assignment, item.Ref
		switch {
		case a.Status == computetypes.ASSIGNMENT_STATUS_ASSIGNED:
			commit.Items = append(commit.Items, computetypes.CommitItem{
				Ref: ref, Commitment: computetypes.Commitment(node.Operator.Address, node.tag(item), 0, node.salt()),
			})
		case a.Status == computetypes.ASSIGNMENT_STATUS_COMMITTED && item.Phase == computetypes.ROUND_PHASE_REVEAL &&
			item.CurrentRound == ref.Round:
			reveal.Items = append(reveal.Items, node.reveal(item))
		case a.Status == computetypes.ASSIGNMENT_STATUS_REVEALED && item.MustOpen:
			open.Items = append(open.Items, computetypes.NewOpenItem(ref, node.shown(item)))
		}
	}
	return messages(claim, commit, reveal, open)
}

// Commitments returns the commitments that a node owes.
func (n *Network) Commitments(c *apptest.Chain, node Node) []computetypes.CommitItem {
	n.t.Helper()
	for _, msg := range n.Work(c.App, c.Ctx(), c.Height(), node) {
		if commit, ok := msg.(*computetypes.MsgCommit); ok {
			return commit.Items
		}
	}
	return nil
}

// messages returns the messages that have items.
func messages(
	claim *computetypes.MsgClaim, commit *computetypes.MsgCommit,
	reveal *computetypes.MsgReveal, open *computetypes.MsgOpen,
) []sdk.Msg {
	var msgs []sdk.Msg
	if len(claim.Items) > 0 {
		msgs = append(msgs, claim)
	}
	if len(commit.Items) > 0 {
		msgs = append(msgs, commit)
	}
	if len(reveal.Items) > 0 {
		msgs = append(msgs, reveal)
	}
	if len(open.Items) > 0 {
		msgs = append(msgs, open)
	}
	return msgs
}
