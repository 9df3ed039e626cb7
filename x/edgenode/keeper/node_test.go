package keeper_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/core/store"
	"cosmossdk.io/math"

	"github.com/thetaedge/theta/x/edgenode/types"
)

// watched is a store that counts writes by the prefix of their keys.
type watched struct {
	store.KVStoreService
	writes map[byte]int
}

func (w watched) OpenKVStore(ctx context.Context) store.KVStore {
	return watchedStore{w.KVStoreService.OpenKVStore(ctx), w.writes}
}

type watchedStore struct {
	store.KVStore
	writes map[byte]int
}

func (w watchedStore) Set(key, value []byte) error {
	w.writes[key[0]]++
	return w.KVStore.Set(key, value)
}

func (w watchedStore) Delete(key []byte) error {
	w.writes[key[0]]++
	return w.KVStore.Delete(key)
}

// asleep returns a fixture whose nodes have work and leases that are over. The queue has not
// visited them.
func asleep(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	f.leaseOf(10)
	for n := range byte(2) {
		f.register(n, 400, 8)
		f.giveBack(n)
		f.hold(n, 3)
	}
	f.roll()
	f.at(30)
	return f
}

// TestARefusedMessageWritesNothing checks that a refused message writes nothing, even if the
// lease of the node is over.
func TestARefusedMessageWritesNothing(t *testing.T) {
	me, other := operator(0).String(), worker(1).String()
	unknown := updateMsg(0, "none", 8)
	taken, poor := registerMsg(2, 100, 1), registerMsg(2, 100, 1)
	taken.Worker = other
	for name, send := range map[string]func(f *fixture) (any, error){
		"resume": func(f *fixture) (any, error) { return f.msgs.Resume(f.ctx, &types.MsgResume{Operator: me}) },
		"unjail": func(f *fixture) (any, error) { return f.msgs.Unjail(f.ctx, &types.MsgUnjail{Operator: me}) },
		"unbond too much": func(f *fixture) (any, error) {
			return f.msgs.Unbond(f.ctx, &types.MsgUnbond{Operator: me, Amount: coin(999)})
		},
		"bond without coins": func(f *fixture) (any, error) {
			return f.msgs.Bond(f.ctx, &types.MsgBond{Operator: me, Amount: coin(5)})
		},
		"update to unknown class": func(f *fixture) (any, error) { return f.msgs.Update(f.ctx, unknown) },
		"register again":          func(f *fixture) (any, error) { return f.msgs.Register(f.ctx, registerMsg(0, 100, 1)) },
		"register, worker taken":  func(f *fixture) (any, error) { return f.msgs.Register(f.ctx, taken) },
		"register without coins":  func(f *fixture) (any, error) { return f.msgs.Register(f.ctx, poor) },
		"rotate to a taken key": func(f *fixture) (any, error) {
			return f.msgs.RotateWorker(f.ctx, &types.MsgRotateWorker{Operator: me, Worker: other})
		},
		"reserve": func(f *fixture) (any, error) { return nil, f.keeper.Reserve(f.ctx, operator(0), math.OneInt()) },
	} {
		t.Run(name, func(t *testing.T) {
			f := asleep(t)
			clear(f.service.writes)
			_, err := send(f)
			require.Error(t, err)
			require.Empty(t, f.service.writes)
		})
	}
}

// TestEachCallSavesTheNodeOnce checks that the state of a node is written once per call,
// however much is due when the node is loaded.
func TestEachCallSavesTheNodeOnce(t *testing.T) {
	me := operator(0).String()
	one := math.OneInt()
	for name, call := range map[string]func(f *fixture) (any, error){
		"bond": func(f *fixture) (any, error) {
			f.fund(operator(0), 5)
			return f.msgs.Bond(f.ctx, &types.MsgBond{Operator: me, Amount: coin(5)})
		},
		"unbond": func(f *fixture) (any, error) {
			return f.msgs.Unbond(f.ctx, &types.MsgUnbond{Operator: me, Amount: coin(5)})
		},
		"update": func(f *fixture) (any, error) { return f.msgs.Update(f.ctx, updateMsg(0, large, 7)) },
		"pause":  func(f *fixture) (any, error) { return f.msgs.Pause(f.ctx, &types.MsgPause{Operator: me}) },
		"retire": func(f *fixture) (any, error) { return f.msgs.Retire(f.ctx, &types.MsgRetire{Operator: me}) },
		"renew a lease": func(f *fixture) (any, error) {
			return f.msgs.RenewLease(f.ctx, &types.MsgRenewLease{Worker: worker(0).String()})
		},
		"release": func(f *fixture) (any, error) { return nil, f.keeper.Release(f.ctx, operator(0), one) },
		"hold":    func(f *fixture) (any, error) { return f.keeper.Hold(f.ctx, operator(0), one, 50) },
		"pledge":  func(f *fixture) (any, error) { return f.keeper.Pledge(f.ctx, operator(0), one, one) },
		"forfeit": func(f *fixture) (any, error) { return f.forfeit(0, 1), nil },
		"give back again": func(f *fixture) (any, error) {
			return f.keeper.GiveBack(f.ctx, types.GiveBackRequest{Operator: operator(0), Liability: one, Fee: one})
		},
		"slash":    func(f *fixture) (any, error) { return f.keeper.Slash(f.ctx, slashRequest(0, 1, 0, true)) },
		"penalize": func(f *fixture) (any, error) { return f.keeper.Penalize(f.ctx, missed(0, 1, 1)) },
		"yield": func(f *fixture) (any, error) {
			return f.keeper.Yield(f.ctx, types.YieldRequest{Operator: operator(0), Liability: one, Fee: one, Excusable: true})
		},
		"count a missed deadline": func(f *fixture) (any, error) {
			return nil, f.keeper.CountMissed(f.ctx, operator(0), f.ctx.BlockHeight())
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := asleep(t)
			clear(f.service.writes)
			_, err := call(f)
			require.NoError(t, err)
			require.Equal(t, 1, f.service.writes[types.StatesPrefix.Bytes()[0]])
			f.requireInvariants()
		})
	}
}

// TestAReadWritesNothing checks that reads of nodes whose lease is over write nothing. Queries
// read such nodes, and x/compute does so before it reserves anything.
func TestAReadWritesNothing(t *testing.T) {
	f := asleep(t)
	clear(f.service.writes)
	require.Equal(t, types.NODE_STATUS_ACTIVE, f.state(0).Status, "its lease is over, but nothing has ended it")
	_, err := f.queries.Nodes(f.ctx, &types.QueryNodesRequest{})
	require.NoError(t, err)
	_, err = f.queries.NodeByWorker(f.ctx, &types.QueryNodeByWorkerRequest{Worker: worker(0).String()})
	require.NoError(t, err)
	f.requireInvariants()
	require.Empty(t, f.service.writes)
}
