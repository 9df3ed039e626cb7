package chain

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/types"
	"google.golang.org/grpc"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/thetaedge/theta/client/proven"
	"github.com/thetaedge/theta/internal/osfault"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
)

// Verify says which of its node's answers a daemon believes.
type Verify string

// These are the values of Verify.
const (
	// VerifyProof believes what is proven against a header that a light client has followed.
	VerifyProof Verify = "proof"
	// VerifyAgreement believes what is proven against a header on which several endpoints
	// agree.
	VerifyAgreement Verify = "agreement"
	// VerifyNone believes every answer.
	VerifyNone Verify = "none"
)

// ProverConfig contains the dependencies and settings of a prover.
type ProverConfig struct {
	// ChainID is the id of the chain. The prover refuses headers of another chain.
	ChainID string
	Verify  Verify
	// Conn is the connection to the node that is asked for records and, without RPC, for
	// headers.
	Conn grpc.ClientConnInterface
	// RPC is the address of the CometBFT RPC of this or another node. It may be empty. While it does not answer, Conn is
	// asked.
	RPC string
	// Witnesses contains connections to further nodes, which have to show the same headers.
	Witnesses []grpc.ClientConnInterface
	// Root is a header that the owner trusts. If it has no height, the prover trusts the first
	// header that it is shown.
	Root proven.Root
	// File is the file that stores the last trusted header.
	File string
	// Now is the clock that decides whether headers are too old or too new; nil means
	// time.Now.
	Now func() time.Time
	// Confirm is called with the time of each newest header that was proven. It may be nil.
	Confirm func(at time.Time)
}

// Prover proves records of the chain. It connects at the first question, and again after a
// failure. Therefore a daemon can start while its nodes are down.
type Prover struct {
	cfg ProverConfig

	mu     sync.Mutex
	reader *proven.Reader
	// standIn reads from RPC while that answers. It is nil without RPC, and before the first question.
	standIn *proven.StandIn
	// newest is the newest header that was proven.
	newest *types.Header
}

// NewProver returns a prover that has not connected yet.
func NewProver(cfg ProverConfig) *Prover {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Prover{cfg: cfg}
}

// connect returns a reader that verifies proofs.
func (p *Prover) connect(ctx context.Context) (*proven.Reader, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reader != nil {
		return p.reader, nil
	}
	service := proven.NewService(p.cfg.Conn, p.cfg.ChainID)
	var primary provider.Provider = service
	var node proven.Node = service
	if p.cfg.RPC != "" {
		endpoint, err := proven.Dial(ctx, p.cfg.RPC)
		if err == nil && endpoint.ChainID != p.cfg.ChainID {
			return nil, fmt.Errorf("expected chain %s, found %s at %s; correct chain.rpc", p.cfg.ChainID, endpoint.ChainID, p.cfg.RPC)
		}
		p.standIn = proven.NewStandIn(p.cfg.RPC, service, p.cfg.Now)
		primary, node = p.standIn, p.standIn
	}
	var witnesses []provider.Provider
	for _, conn := range p.cfg.Witnesses {
		witnesses = append(witnesses, proven.NewService(conn, p.cfg.ChainID))
	}
	headers, err := p.headers(ctx, primary, witnesses)
	if err != nil {
		return nil, err
	}
	p.reader = proven.NewReader(node, headers)
	return p.reader, nil
}

// headers returns the source of headers that the owner has chosen.
func (p *Prover) headers(ctx context.Context, primary provider.Provider, witnesses []provider.Provider) (proven.Headers, error) {
	if p.cfg.Verify == VerifyAgreement {
		return proven.FromNodes(append([]provider.Provider{primary}, witnesses...))
	}
	from, err := proven.LoadTrusted(p.cfg.File, p.cfg.ChainID)
	if err != nil {
		return nil, err
	}
	return proven.Follow(ctx, proven.FollowerConfig{
		Primary: primary, Witnesses: witnesses, Root: p.cfg.Root, From: from, Now: p.cfg.Now,
		Keep: func(trusted *proven.Trusted) error {
			err := trusted.Save(p.cfg.File)
			if class, _ := osfault.Of(err); class == osfault.NoSpace || class == osfault.ReadOnly {
				// The next start begins at an older header. Without proofs, what was committed to could
				// not be revealed now.
				return nil
			}
			if err != nil {
				return fmt.Errorf("cannot keep the header that is trusted: %w", err)
			}
			return nil
		},
	})
}

// Tasks proves tasks with their jobs and specs. All of them are from the state after the same
// block, the newest that can be proven. If one task cannot be proven, its Err says why, and
// the others are returned nevertheless. Tasks fails if nothing can be proven.
func (p *Prover) Tasks(ctx context.Context, refs []computetypes.ChunkRef) ([]Proven, error) {
	reader, err := p.connect(ctx)
	if err != nil {
		return nil, err
	}
	height, err := p.Follow(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Proven, len(refs))
	jobs := map[string]Proven{}
	for i, ref := range refs {
		found, known := jobs[ref.JobId]
		if !known {
			found = readJob(ctx, reader, ref.JobId, height)
			jobs[ref.JobId] = found
		}
		found.Index = ref.Task
		if found.Err == nil && found.Job != nil {
			found.Task, found.Err = reader.Task(ctx, found.ID, ref.Task, height)
		}
		if found.Err != nil {
			found.Err = fmt.Errorf("task %d of job %s: %w", ref.Task, ref.JobId, found.Err)
		}
		list[i] = found
	}
	return list, nil
}

func readJob(ctx context.Context, reader *proven.Reader, id string, height int64) Proven {
	found := Proven{Height: height}
	if found.ID, found.Err = computetypes.ParseJobID(id); found.Err != nil {
		return found
	}
	if found.Job, _, found.Err = reader.Job(ctx, found.ID, height); found.Err == nil && found.Job != nil {
		found.Spec, found.Err = reader.Spec(ctx, found.ID, height)
	}
	return found
}

// Serves proves that a worker key serves an operator's node.
func (p *Prover) Serves(ctx context.Context, worker, operator sdk.AccAddress) error {
	reader, err := p.connect(ctx)
	if err != nil {
		return err
	}
	key, err := edgenodetypes.WorkerStoreKey(worker)
	if err != nil {
		return err
	}
	record, err := reader.Read(ctx, edgenodetypes.StoreKey, key, 0)
	if err != nil {
		return fmt.Errorf("node of worker %s: %w", worker, err)
	}
	p.reached(record.Header)
	if found := sdk.AccAddress(record.Value); !found.Equals(operator) {
		return fmt.Errorf("%w: the node of chain.grpc shows worker %s as that of operator %s, and after block %d the chain has it as that of %q",
			ErrContradicted, worker, operator, record.Height, found.String())
	}
	return nil
}

// Follow proves that a newest block exists and returns its height. With it, the trusted header
// does not become too old while nothing else is proven.
func (p *Prover) Follow(ctx context.Context) (int64, error) {
	reader, err := p.connect(ctx)
	if err != nil {
		return 0, err
	}
	record, err := reader.Read(ctx, computetypes.StoreKey, computetypes.ParamsPrefix.Bytes(), 0)
	if err != nil {
		return 0, err
	}
	p.reached(record.Header)
	return record.Height, nil
}

func (p *Prover) reached(header *types.Header) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newest != nil && header.Height <= p.newest.Height {
		return
	}
	p.newest = header
	if p.cfg.Confirm != nil {
		p.cfg.Confirm(header.Time)
	}
}

// Newest returns the height and the time of the newest header that was proven; 0 if none was.
func (p *Prover) Newest() (height int64, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.newest == nil {
		return 0, time.Time{}
	}
	return p.newest.Height, p.newest.Time
}

// Elsewhere reports whether proofs do not come from the nodes behind Conn now.
func (p *Prover) Elsewhere() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cfg.RPC != "" && (p.standIn == nil || !p.standIn.Resting())
}

// Grounds returns a clause that says why headers are believed and up to which height. It is
// empty if no header has been believed yet.
func (p *Prover) Grounds() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reader == nil || p.newest == nil {
		return ""
	}
	return fmt.Sprintf("proven up to block %d; headers are %s", p.newest.Height-1, p.reader.Grounds())
}
