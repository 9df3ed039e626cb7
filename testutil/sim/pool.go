package sim

import (
	"context"
	"fmt"
	"math/rand"
	"time"

	"github.com/cosmos/cosmos-sdk/testutil/simsx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	simtypes "github.com/cosmos/cosmos-sdk/types/simulation"
)

// operation draws one message for one of its accounts.
type operation struct {
	weight   uint32
	factory  simsx.SimMsgFactoryX
	accounts []simtypes.Account
	// deputised reports whether another account is to send the message.
	deputised bool
}

// pool is a set of operations, from which one is drawn by weight. The factories of a module
// are registered with it.
type pool struct {
	accounts   []simtypes.Account
	operations []operation
	total      uint32
}

var _ simsx.Registry = (*pool)(nil)

// Add adds an operation, unless its weight is 0.
func (p *pool) Add(weight uint32, factory simsx.SimMsgFactoryX) {
	p.addFor(p.accounts, weight, factory)
}

// addFor adds an operation for certain accounts.
func (p *pool) addFor(accounts []simtypes.Account, weight uint32, factory simsx.SimMsgFactoryX) {
	if weight == 0 {
		return
	}
	p.operations = append(p.operations, operation{weight: weight, factory: factory, accounts: accounts})
	p.total += weight
}

// pick returns an operation with a probability in proportion to its weight.
func (p *pool) pick(r *rand.Rand) operation {
	at := uint32(r.Int63n(int64(p.total)))
	for _, op := range p.operations {
		if at < op.weight {
			return op
		}
		at -= op.weight
	}
	panic(fmt.Sprintf("expected weights that sum to %d", p.total))
}

// create runs the factory. If that does not draw a message, create returns the reason.
func (o operation) create(
	ctx context.Context, world *simsx.ChainDataSource, s *Simulation,
) (signers []simsx.SimAccount, msg sdk.Msg, skipped string) {
	reporter := simsx.NewBasicSimulationReporter().WithScope(o.factory.MsgType())
	if future, ok := o.factory.(simsx.HasFutureOpsRegistry); ok {
		future.SetFutureOpsRegistry(putOff{s: s, accounts: o.accounts})
	}
	// After a skip, a factory may continue with accounts that do not exist.
	defer func() {
		if r := recover(); r != nil {
			if !reporter.IsSkipped() {
				panic(r)
			}
			signers, msg, skipped = nil, nil, reporter.Comment()
		}
	}()
	signers, msg = o.factory.Create()(ctx, world, reporter)
	if reporter.IsSkipped() {
		return nil, nil, reporter.Comment()
	}
	if len(signers) == 0 {
		return nil, nil, "no signer"
	}
	return signers, msg, ""
}

// putOff keeps operations for later blocks.
type putOff struct {
	s        *Simulation
	accounts []simtypes.Account
}

// Add keeps an operation until a time.
func (p putOff) Add(at time.Time, factory simsx.SimMsgFactoryX) {
	p.s.later = append(p.s.later, delayed{at: at, op: operation{factory: factory, accounts: p.accounts}})
}
