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

// Chain is the part of the chain that the agent uses. *chain.Sender implements it.
type Chain interface {
	// Address returns the address of the worker key.
	Address() sdk.AccAddress
	// SetGranter sets the account whose fee grant pays.
	SetGranter(granter sdk.AccAddress)
	Tip(ctx context.Context) (chain.Tip, error)
	Node(ctx context.Context, worker string) (edgenodetypes.Node, error)
	Assignments(ctx context.Context, operator string) (chain.Work, error)
	ClaimablePage(ctx context.Context, operator string, from []byte) (chain.Draws, error)
	Job(ctx context.Context, id string) (computetypes.Job, computetypes.JobSpec, error)
	Receipt(ctx context.Context, job string, task uint64) (computetypes.Receipt, error)
	Task(ctx context.Context, job string, task uint64) (computetypes.Chunk, error)
	Redeliveries(ctx context.Context, from int64, page []byte) (chain.Redeliveries, error)
	EndedAt(ctx context.Context, height int64) ([]computetypes.Receipt, error)
	ComputeParams(ctx context.Context) (computetypes.Params, error)
	EdgenodeParams(ctx context.Context) (edgenodetypes.Params, error)
	RewardsParams(ctx context.Context) (rewardstypes.Params, error)
	Grant(ctx context.Context, operator, worker string) (chain.Grant, error)
	Submit(ctx context.Context, batch chain.Batch, maxItems int) (chain.Submission, error)
	// FeesLeft returns the fees that the owner still allows today. If there is no limit, ok is
	// false.
	FeesLeft() (left math.Int, ok bool, err error)
}

// Prover proves the chain's state. *chain.Prover implements it.
type Prover interface {
	// Tasks proves tasks and their jobs in the state after one block.
	Tasks(ctx context.Context, refs []computetypes.ChunkRef) ([]chain.Proven, error)
	// Serves proves that a worker key serves an operator's node.
	Serves(ctx context.Context, worker, operator sdk.AccAddress) error
	// Follow proves that a newest block exists and returns its height.
	Follow(ctx context.Context) (int64, error)
	// Newest returns the newest header that was proven: its height and its time. The height is 0 if
	// none was.
	Newest() (height int64, at time.Time)
	// Grounds returns a text on why the proofs can be believed.
	Grounds() string
}

// Journal is the part of *store.Journal that the agent uses.
type Journal interface {
	Update(change func(*store.Tx) error) error
	Get(key store.Key) (store.Assignment, error)
	List(filter store.Filter) ([]store.Assignment, error)
	Prune(before, newest time.Time) ([]store.Assignment, error)
	Shuns() ([]store.Shun, error)
}

// Transfers transfers content by address. *transfer.Client implements it.
type Transfers interface {
	// Get fetches content whose digest is not known into memory.
	Get(ctx context.Context, address string, maxBytes int64) ([]byte, error)
	FetchFile(ctx context.Context, address string, want blob.Digest, maxBytes int64, path string) (int64, error)
	// Probe returns nil if the server of an address answers.
	Probe(ctx context.Context, origin string) error
	// PutTo uploads to an address in a sink. by identifies the work and signs for it. It is
	// nil if the upload is not signed.
	PutTo(ctx context.Context, address string, r io.ReadSeeker, size int64, by *blob.Work) (blob.Digest, error)
}
