package agent

import (
	"context"
	"io"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/blob"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

// Chain is what the agent needs of the chain; *chain.Sender is one.
type Chain interface {
	// Address is the worker key's.
	Address() sdk.AccAddress
	// SetGranter names the account whose fee grant pays.
	SetGranter(granter sdk.AccAddress)
	Tip(ctx context.Context) (chain.Tip, error)
	Node(ctx context.Context, worker string) (edgenodetypes.Node, error)
	Assignments(ctx context.Context, operator string) (chain.Work, error)
	ClaimablePage(ctx context.Context, operator string, from []byte) (chain.Draws, error)
	Job(ctx context.Context, id string) (computetypes.Job, computetypes.JobSpec, error)
	Receipt(ctx context.Context, job string, task uint64) (computetypes.Receipt, error)
	Task(ctx context.Context, job string, task uint64) (computetypes.Task, error)
	Redeliveries(ctx context.Context, from int64, page []byte) (chain.Redeliveries, error)
	EndedAt(ctx context.Context, height int64) ([]computetypes.Receipt, error)
	ComputeParams(ctx context.Context) (computetypes.Params, error)
	EdgenodeParams(ctx context.Context) (edgenodetypes.Params, error)
	RewardsParams(ctx context.Context) (rewardstypes.Params, error)
	Grant(ctx context.Context, operator, worker string) (chain.Grant, error)
	Submit(ctx context.Context, batch chain.Batch, maxItems int) (chain.Submission, error)
	// FeesLeft is what the owner still allows for fees today; not ok without a limit.
	FeesLeft() (left math.Int, ok bool, err error)
}

// Prover proves what the chain has; *chain.Prover is one.
type Prover interface {
	// Tasks proves tasks with their jobs after one block.
	Tasks(ctx context.Context, refs []computetypes.TaskRef) ([]chain.Proven, error)
	// Serves proves that a worker key serves an operator's node.
	Serves(ctx context.Context, worker, operator sdk.AccAddress) error
	// Follow proves that there is a newest block and returns its height.
	Follow(ctx context.Context) (int64, error)
	// Grounds says why what it proves is to be believed.
	Grounds() string
}

// Journal is the part of *store.Journal that the agent uses.
type Journal interface {
	Update(change func(*store.Tx) error) error
	Get(key store.Key) (store.Assignment, error)
	List(filter store.Filter) ([]store.Assignment, error)
	Prune(before time.Time) ([]store.Assignment, error)
	Shuns() ([]store.Shun, error)
}

// Transfers moves content by address; *transfer.Client is one.
type Transfers interface {
	// Get fetches content whose digest is not known, into memory.
	Get(ctx context.Context, address string, maxBytes int64) ([]byte, error)
	FetchFile(ctx context.Context, address string, want blob.Digest, maxBytes int64, path string) (int64, error)
	// Probe tells whether the server of an address answers at all.
	Probe(ctx context.Context, origin string) error
	// PutTo uploads to an address in a sink. by says whose work it is, nil where nobody
	// signs for it.
	PutTo(ctx context.Context, address string, r io.ReadSeeker, size int64, by *blob.Work) (blob.Digest, error)
}
