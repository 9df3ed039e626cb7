package adversary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/executor/profiles"
	"github.com/thetaedge/theta/sidecar/chain"
	"github.com/thetaedge/theta/sidecar/store"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
	edgenodetypes "github.com/thetaedge/theta/x/edgenode/types"
	rewardstypes "github.com/thetaedge/theta/x/rewards/types"
)

const (
	// crowded is the class of the honest nodes. lonely is a class that governance has opened
	// and that only the attacker has joined.
	crowded, lonely = "cpu-small", "cpu-lonely"

	// patience is how long the test waits for a condition of the network.
	patience = 4 * time.Minute
	// feeLimit is what a worker may spend on fees, in whole tfuel.
	feeLimit = 50
)

// stage is the network on which behaviours play, and what they play with.
type stage struct {
	net     *devnet.Devnet
	content *content
	senders senders
	reader  *chain.Reader
	dir     string
	log     io.Writer
	// binaries are programs that some behaviours start themselves.
	binaries struct{ thetad, overfill string }

	compute computetypes.Params
	rewards rewardstypes.Params
	nodes   edgenodetypes.Params
	// usual is the job that most behaviours meet, program and inputs are its content, and plain is its
	// right answer.
	usual   offer
	program computetypes.Blob
	inputs  []computetypes.Input
	plain   answer
	// decoders are those of the usual job, if it asks a language model.
	decoders *decoders
	lab      *lab

	// treasury funds attackers; customer posts the honest jobs.
	treasury, customer *chain.Sender

	mu sync.Mutex
	// truths contains the right answers of the jobs that were posted here, and arrayTruths
	// those of the tasks of arrays whose tasks differ.
	truths      map[string]answer
	arrayTruths map[string][]answer
	// enlisted is the number of active hostile nodes, by class.
	enlisted map[string]int
}

// offer is the job that most behaviours meet.
type offer struct {
	work                        work
	prepareBlocks, commitBlocks uint64
	// wave is the number of such jobs that are open at once.
	wave int
	// decoders are what dishonest nodes may execute, if the job asks a language model.
	decoders *decoders
}

func newStage(ctx context.Context, net *devnet.Devnet, opts Options, job offer) (*stage, error) {
	codec, err := newCodec()
	if err != nil {
		return nil, err
	}
	served, err := newContent()
	if err != nil {
		return nil, err
	}
	s := &stage{
		net: net, content: served, dir: opts.Dir, log: opts.Log,
		senders: senders{conn: net.Conn(), codec: codec, chainID: net.ChainID(), logger: slog.New(slog.DiscardHandler)},
		reader:  chain.NewReader(net.Conn(), codec),
		usual:   job, decoders: job.decoders, lab: newLab(opts.Dir),
		truths: make(map[string]answer), arrayTruths: make(map[string][]answer), enlisted: make(map[string]int),
	}
	s.binaries.thetad, s.binaries.overfill = filepath.Join(opts.Bin, "thetad"), opts.Overfill
	if err := s.load(ctx); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stage) load(ctx context.Context) (err error) {
	if s.compute, err = s.reader.ComputeParams(ctx); err != nil {
		return err
	}
	if s.rewards, err = s.reader.RewardsParams(ctx); err != nil {
		return err
	}
	if s.nodes, err = s.reader.EdgenodeParams(ctx); err != nil {
		return err
	}
	for name, sender := range map[string]**chain.Sender{treasuryKey: &s.treasury, devnet.Alice: &s.customer} {
		key, err := s.net.Signer(name)
		if err != nil {
			return err
		}
		*sender = s.senders.of(key, 1)
	}
	return s.serve(ctx)
}

// serve serves the content of the usual job, and finds its right answer.
func (s *stage) serve(ctx context.Context) (err error) {
	s.program = s.content.blob(s.usual.work.program)
	for _, input := range s.usual.work.inputs {
		content, err := os.ReadFile(input.Path)
		if err != nil {
			return err
		}
		s.inputs = append(s.inputs, computetypes.Input{Path: input.Name, Blob: s.content.blob(content)})
	}
	if s.decoders != nil {
		if err := s.decoders.learn(ctx, s.lab); err != nil {
			return err
		}
	}
	s.plain, err = s.lab.compute(ctx, s.usual.work)
	return err
}

func (s *stage) chainID() string { return s.net.ChainID() }

func (s *stage) maxBatch() int { return int(s.compute.MaxBatch) }

func (s *stage) say(format string, args ...any) { fmt.Fprintf(s.log, format+"\n", args...) }

// honest returns the number of honest nodes.
func (s *stage) honest() int { return len(s.net.Nodes()) }

// truth returns the right answer of a job.
func (s *stage) truth(job string) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.truths[job]
}

// truthOf returns the right answer of a task of a job.
func (s *stage) truthOf(job string, task uint64) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if each := s.arrayTruths[job]; len(each) > 0 {
		return each[task]
	}
	return s.truths[job]
}

// ours reports whether a job is part of the play.
func (s *stage) ours(job string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.truths[job]
	return known
}

// await polls until done returns true, and gives up if this takes longer than patience.
func (s *stage) await(ctx context.Context, what string, done func() (bool, error)) error {
	return s.net.Await(ctx, patience, what, done)
}

// awaitBlocks waits until the chain has made this many more blocks.
func (s *stage) awaitBlocks(ctx context.Context, blocks int64) error {
	tip, err := s.reader.Tip(ctx)
	if err != nil {
		return err
	}
	until := tip.Height + blocks
	return s.await(ctx, fmt.Sprintf("block %d", until), func() (bool, error) {
		tip, err := s.reader.Tip(ctx)
		return tip.Height >= until, err
	})
}

// force describes nodes that one owner brings.
type force struct {
	nodes int
	class string
	// bond is in whole tfuel, and slots is the number of tasks at once. Both are per node.
	bond  int64
	slots uint32
	// gasFactor multiplies the lowest gas price; 0 means 1.
	gasFactor float64
	tactics   tactics
}

// recruit creates a node that this program will play. It is not registered yet.
func (s *stage) recruit(key keyPair, f force) *hand {
	factor := f.gasFactor
	if factor == 0 {
		factor = 1
	}
	worker := newKeyPair()
	h := &hand{
		stage: s, operator: key, key: worker, worker: s.senders.of(worker, factor), tactics: f.tactics,
		secrets: make(map[store.Key]secret), claimed: make(map[claimKey]bool),
		entering: make(map[store.Key]claimKey),
		taken:    make(map[chain.Action]int), refused: make(map[chain.Action]int),
	}
	h.worker.SetGranter(key.Address())
	return h
}

// enlist registers the nodes of an owner and waits until they have weight.
func (s *stage) enlist(ctx context.Context, f force) ([]*hand, error) {
	if f.nodes == 0 {
		return nil, nil
	}
	hands := make([]*hand, f.nodes)
	for i := range hands {
		hands[i] = s.recruit(newKeyPair(), f)
	}
	if err := s.join(ctx, f, hands...); err != nil {
		return nil, err
	}
	return hands, s.awaitWeight(ctx, f.class)
}

// join funds and registers nodes, which have weight from the next epoch on.
func (s *stage) join(ctx context.Context, f force, hands ...*hand) error {
	operators := make([]sdk.AccAddress, len(hands))
	for i, h := range hands {
		operators[i] = h.operator.Address()
	}
	if err := s.fund(ctx, f.bond+2*feeLimit, operators...); err != nil {
		return err
	}
	errs := make([]error, len(hands))
	var registering sync.WaitGroup
	for i, h := range hands {
		registering.Go(func() { errs[i] = s.register(ctx, h, f) })
	}
	registering.Wait()
	s.mu.Lock()
	s.enlisted[f.class] += len(hands)
	s.mu.Unlock()
	return errors.Join(errs...)
}

// fund sends whole tfuel to accounts, in one transaction.
func (s *stage) fund(ctx context.Context, tfuel int64, accounts ...sdk.AccAddress) error {
	msgs := make([]sdk.Msg, len(accounts))
	for i, account := range accounts {
		msgs[i] = banktypes.NewMsgSend(s.treasury.Address(), account, sdk.NewCoins(params.TfuelCoin(tfuel)))
	}
	_, err := s.treasury.Send(ctx, msgs...)
	return err
}

// register registers a node and lets its worker spend fees, as thetaedge register does.
func (s *stage) register(ctx context.Context, h *hand, f force) error {
	grant, err := chain.NewGrant(h.operator.Address(), h.worker.Address(), sdk.NewCoins(params.TfuelCoin(feeLimit)), time.Now().Add(24*time.Hour).UTC().Truncate(time.Second))
	if err != nil {
		return err
	}
	open := &edgenodetypes.MsgRegister{
		Operator: h.address(), Worker: h.worker.Address().String(), Moniker: "stranger", Region: "de", Class: f.class,
		Hardware:  edgenodetypes.Hardware{CpuCores: 4, MemoryBytes: 8 << 30},
		Executors: profiles.Names(), Bond: params.TfuelCoin(f.bond), Slots: f.slots,
	}
	_, err = s.senders.of(h.operator, 1).Send(ctx, open, grant)
	return err
}

// awaitWeight waits for the next epoch, in which exactly the active nodes of a class have
// weight: in the current one, nodes that have left still have weight.
func (s *stage) awaitWeight(ctx context.Context, class string) error {
	now, err := s.reader.Class(ctx, class)
	if err != nil {
		return err
	}
	s.mu.Lock()
	want := s.enlisted[class]
	s.mu.Unlock()
	if class == crowded {
		want += s.honest()
	}
	return s.await(ctx, "the nodes' epoch", func() (bool, error) {
		answer, err := s.reader.Class(ctx, class)
		return answer.Epoch > now.Epoch && int(answer.Snapshot.Nodes) == want, err //nolint:gosec // a few nodes
	})
}

// dismiss ends the play of some nodes and removes them from the next draws.
func (s *stage) dismiss(ctx context.Context, class string, hands []*hand) error {
	errs := make([]error, len(hands))
	var leaving sync.WaitGroup
	for i, h := range hands {
		leaving.Go(func() {
			stopped := h.stop()
			_, err := s.senders.of(h.operator, 1).Send(ctx, &edgenodetypes.MsgPause{Operator: h.address()})
			errs[i] = errors.Join(stopped, err)
		})
	}
	leaving.Wait()
	s.mu.Lock()
	s.enlisted[class] -= len(hands)
	s.mu.Unlock()
	return errors.Join(errs...)
}

// standing is what honest nodes have to lose: their bonds in atfuel, and the points towards
// jail that they have.
type standing struct {
	bond   math.Int
	points int
}

// honestNodes adds up the standing of all honest nodes.
func (s *stage) honestNodes(ctx context.Context) (standing, error) {
	sum := standing{bond: math.ZeroInt()}
	for _, node := range s.net.Nodes() {
		bond, err := s.bondOf(ctx, node.Operator)
		if err != nil {
			return sum, err
		}
		record, err := s.reader.NodeOf(ctx, node.Operator)
		if err != nil {
			return sum, err
		}
		sum.bond, sum.points = sum.bond.Add(bond), sum.points+int(record.State.Jail.Points)
	}
	return sum, nil
}

func (s *stage) close() error { return errors.Join(s.content.close(), s.lab.close()) }
