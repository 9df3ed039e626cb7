package pool_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/app/pool"
)

// Transactions come, go and become due in any order. The limits hold, each transaction waits
// in one room, a transaction that the pool has reported as gone does not come back, and when
// all are forgotten there is as much room as before.
func TestThePoolKeepsItsLimitsWhateverComes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := pool.Limits{Txs: 6, Bytes: 400, LaneTxs: 4, LaneBytes: 200, PerSender: 4, LanePerSender: 2, Blocks: 20}
		p := pool.New(limits, nil)
		known := map[string]*pool.Entry{}
		var order []string
		terms := func() pool.Terms {
			lane := rapid.Bool().Draw(t, "lane")
			terms := pool.Terms{Lane: lane, Pays: !lane || rapid.Bool().Draw(t, "pays"), Height: 1}
			if lane {
				terms.Kind = rapid.IntRange(rounds, claims).Draw(t, "kind")
				terms.Deadline = rapid.Int64Range(1, 5).Draw(t, "deadline")
				for range rapid.IntRange(1, 3).Draw(t, "keys") {
					terms.Keys = append(terms.Keys, fmt.Sprint("k", rapid.IntRange(0, 4).Draw(t, "key")))
				}
			}
			return terms
		}
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				e := &pool.Entry{
					Raw:     append([]byte(fmt.Sprintf("%d/", i)), make([]byte, rapid.IntRange(0, 150).Draw(t, "size"))...),
					Signers: []pool.Signer{{Address: fmt.Sprint("s", rapid.IntRange(0, 3).Draw(t, "sender")), Sequence: rapid.Uint64Range(0, 5).Draw(t, "sequence")}},
					Gas:     1, Price: rapid.Int64Range(1, 20).Draw(t, "price"), Terms: terms(),
				}
				admitted := p.Admits(e)
				err := p.Add(e)
				require.Equal(t, admitted == nil, err == nil, "Admits tells what Add does: %v, %v", admitted, err)
				if err == nil {
					known[string(e.Raw)] = e
					order = append(order, string(e.Raw))
				} else {
					require.True(t, errors.Is(err, pool.ErrFull) || errors.Is(err, pool.ErrTooMany), err)
				}
			case 2:
				if len(order) > 0 {
					raw := rapid.SampledFrom(order).Draw(t, "raw")
					waits := p.Has([]byte(raw), 1)
					if err := p.Refresh([]byte(raw), terms()); err != nil || !waits {
						require.False(t, p.Has([]byte(raw), 1))
					} else {
						require.True(t, p.Has([]byte(raw), 1))
					}
				}
			default:
				if len(order) > 0 {
					p.Forget([][]byte{[]byte(rapid.SampledFrom(order).Draw(t, "included"))}, 1)
				}
			}
			check(t, p, limits, known)
		}
		p.Forget(nil, 1+limits.Blocks+1)
		require.Zero(t, p.CountTx())
		for i := range limits.LaneTxs {
			require.NoError(t, p.Add(brings(fmt.Sprint("new", i), 0, duties, 1, fmt.Sprint("k", i))))
		}
	})
}

func check(t *rapid.T, p *pool.Pool, limits pool.Limits, known map[string]*pool.Entry) {
	lane, ordinary := p.Entries()
	require.Equal(t, p.CountTx(), len(lane)+len(ordinary))
	require.LessOrEqual(t, len(lane), limits.LaneTxs)
	require.LessOrEqual(t, len(ordinary), limits.Txs)
	size := func(entries []*pool.Entry) (sum int) {
		for _, e := range entries {
			sum += len(e.Raw)
		}
		return sum
	}
	require.LessOrEqual(t, size(lane), limits.LaneBytes)
	require.LessOrEqual(t, size(ordinary), limits.Bytes)
	senders, inLane, seen := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, e := range slices.Concat(lane, ordinary) {
		require.Same(t, known[string(e.Raw)], e)
		require.False(t, seen[string(e.Raw)], "it waits once")
		seen[string(e.Raw)] = true
		place := fmt.Sprint(e.Signers[0])
		require.False(t, seen[place], "one transaction a sequence")
		seen[place] = true
		senders[e.Signers[0].Address]++
	}
	for _, e := range lane {
		inLane[e.Signers[0].Address]++
		require.True(t, e.Lane)
	}
	for _, e := range ordinary {
		require.True(t, e.Pays)
	}
	for sender, n := range senders {
		require.LessOrEqual(t, n, limits.PerSender)
		require.LessOrEqual(t, inLane[sender], limits.LanePerSender)
	}
	// Of two transactions of one sender, the one with the lower sequence that came first is
	// listed first.
	for i, e := range ordinary {
		for _, later := range ordinary[i+1:] {
			mine, other := e.Signers[0], later.Signers[0]
			require.False(t, mine.Address == other.Address && other.Sequence < mine.Sequence && later.Arrival() < e.Arrival())
		}
	}
}
