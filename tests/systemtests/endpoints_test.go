//go:build system

package systemtests

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/metadata"

	nodeservice "github.com/cosmos/cosmos-sdk/client/grpc/node"
	sdk "github.com/cosmos/cosmos-sdk/types"
	txtypes "github.com/cosmos/cosmos-sdk/types/tx"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/tests/devnet"
	computetypes "github.com/thetaedge/theta/x/compute/types"
)

// quorumJob is a job that needs all three nodes.
const quorumJob = `
executor: wasm/1
program: %[1]s/build/textgen.wasm
args: [--tokens, "2000", --seed, "11", --temperature, "700"]
inputs:
  model.bin: %[1]s/examples/textgen/model.bin
  prompt.txt: %[1]s/examples/textgen/prompt.txt
resources: {fuel: 200_000_000_000, memory: 64MiB, output: 64KiB}
class: cpu-small
reward: 1tfuel
`

const (
	// liesVariable is the environment variable that says how many lies are told, and allLies its value for all.
	liesVariable, allLies = "LIES", "all"

	statusMethod      = "/cosmos.base.node.v1beta1.Service/Status"
	broadcastMethod   = "/cosmos.tx.v1beta1.Service/BroadcastTx"
	assignmentsMethod = "/theta.compute.v1.Query/Assignments"
)

// honestly passes a call on.
func honestly(ask devnet.Ask) ([]byte, metadata.MD, error) { return ask() }

// namesHeight shows another height than the chain's, in the newest block and in states.
func namesHeight(change func(int64) int64) devnet.Falsehood {
	return func(_ context.Context, method string, _ []byte, ask devnet.Ask) ([]byte, metadata.MD, error) {
		reply, header, err := ask()
		if err != nil {
			return nil, nil, err
		}
		if heights := header.Get("x-cosmos-block-height"); len(heights) > 0 {
			if height, err := strconv.ParseInt(heights[0], 10, 64); err == nil {
				header.Set("x-cosmos-block-height", strconv.FormatInt(change(height), 10))
			}
		}
		if method != statusMethod {
			return reply, header, nil
		}
		var status nodeservice.StatusResponse
		if err := status.Unmarshal(reply); err != nil {
			return nil, nil, err
		}
		status.Height = uint64(change(int64(status.Height)))
		reply, err = status.Marshal()
		return reply, header, err
	}
}

// freezes shows the first height for ever.
func freezes() devnet.Falsehood {
	var first atomic.Int64
	return namesHeight(func(height int64) int64 {
		first.CompareAndSwap(0, height)
		return first.Load()
	})
}

// hidesWork leaves out assignments, or shows that their rounds do not wait for reveals yet.
func hidesWork(all bool) devnet.Falsehood {
	return func(_ context.Context, method string, _ []byte, ask devnet.Ask) ([]byte, metadata.MD, error) {
		reply, header, err := ask()
		if err != nil || method != assignmentsMethod {
			return reply, header, err
		}
		var work computetypes.QueryAssignmentsResponse
		if err := work.Unmarshal(reply); err != nil {
			return nil, nil, err
		}
		if all {
			work.Items = nil
		}
		for i := range work.Items {
			work.Items[i].Phase, work.Items[i].RevealDeadline = computetypes.ROUND_PHASE_COMMIT, 0
		}
		reply, err = work.Marshal()
		return reply, header, err
	}
}

// drops says that it takes every transaction, and passes none on.
func drops(_ context.Context, method string, _ []byte, ask devnet.Ask) ([]byte, metadata.MD, error) {
	if method != broadcastMethod {
		return honestly(ask)
	}
	reply, err := (&txtypes.BroadcastTxResponse{TxResponse: &sdk.TxResponse{TxHash: "00"}}).Marshal()
	return reply, nil, err
}

// lateLiar is honest until it is told how to lie.
type lateLiar struct {
	lies atomic.Pointer[devnet.Falsehood]
}

func (l *lateLiar) answer(ctx context.Context, method string, request []byte, ask devnet.Ask) ([]byte, metadata.MD, error) {
	if lies := l.lies.Load(); lies != nil {
		return (*lies)(ctx, method, request, ask)
	}
	return ask()
}

// TestAPreferredNodeThatLiesCostsNothing: each of three edge nodes prefers a lying node of the
// chain, and has an honest one as well. Jobs that need all three are paid, no node misses a deadline,
// and the status says which node is in trouble. Without LIES=all, the nodes tell only some of the lies.
func TestAPreferredNodeThatLiesCostsNothing(t *testing.T) {
	t.Parallel()
	lies := []struct {
		name string
		lies devnet.Falsehood
		// unseen reports that the lie need not be found out, because it does no harm.
		unseen bool
		// always reports that the lie is told without LIES=all too.
		always bool
	}{
		{"drops transactions", drops, true, false},
		{"hides assignments", hidesWork(true), false, false},
		{"hides that reveals are due", hidesWork(false), false, true},
		{"stands still", freezes(), false, true},
		{"names heights that are too low", namesHeight(func(height int64) int64 { return max(height-60, 1) }), false, false},
		{"names heights that are too high", namesHeight(func(height int64) int64 { return height + 5000 }), false, false},
		{"answers after 14 seconds", devnet.Late(14 * time.Second), false, false},
	}
	told := os.Getenv(liesVariable)
	require.Contains(t, []string{"", allLies}, told, liesVariable)
	var mu sync.Mutex
	liars := map[string]*lateLiar{}
	network := startNetwork(t, func(o *devnet.Options) {
		// A late node costs the chance to be drawn until another one is asked.
		o.Params = map[string]map[string]any{"compute": {"max_draws": 8}}
		o.Endpoints = func(node, honest string) ([]string, error) {
			liar := &lateLiar{}
			proxy, err := devnet.OpenFalseNode(honest, liar.answer)
			if err != nil {
				return nil, err
			}
			t.Cleanup(func() { require.NoError(t, proxy.Close()) })
			mu.Lock()
			defer mu.Unlock()
			liars[node] = liar
			return []string{proxy.Address(), honest}, nil
		}
	})
	job := writeJob(t, fmt.Sprintf(quorumJob, root(t)), nil)
	// A node that lied is not believed for a long time, so that each lie begins with new daemons.
	for _, c := range lies {
		if told != allLies && !c.always {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			for _, node := range network.Nodes() {
				liars[node.Name].lies.Store(nil)
				require.NoError(t, network.Kill(node.Name))
				require.NoError(t, network.Restart(node.Name))
			}
			for _, node := range network.Nodes() {
				awaitWork(t, node)
			}
			for _, node := range network.Nodes() {
				liars[node.Name].lies.Store(&c.lies)
			}
			run := follow(t, network, job, func(client.Progress) {})
			require.Equal(t, computetypes.JOB_STATUS_COMPLETED, run.Settlement.Job.Status)
			require.Len(t, paid(run), 3)
			require.Len(t, run.Settlement.Receipt.Outcomes, 3, "no node missed a deadline")
			requireUnharmed(t, network, run)
			if !c.unseen {
				require.Eventually(t, func() bool { return inTrouble(t, network) }, time.Minute, time.Second)
			}
		})
	}
}

// inTrouble reports whether the status of a node says that its preferred node is in trouble and
// that another one is asked.
func inTrouble(t *testing.T, network *devnet.Devnet) bool {
	t.Helper()
	for _, node := range network.Nodes() {
		status, err := node.Status(t.Context())
		if err != nil || len(status.Endpoints) != 2 {
			continue
		}
		if trouble := status.Endpoints[0].Trouble; trouble != "" && status.Endpoints[1].Used {
			t.Log(trouble)
			return true
		}
	}
	return false
}
