package pool_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/thetaedge/theta/app/pool"
)

func limits() pool.Limits {
	return pool.Limits{Txs: 10, Bytes: 1_000, LaneTxs: 4, LaneBytes: 400, PerSender: 3, LanePerSender: 2, Blocks: 20}
}

func newPool() *pool.Pool { return pool.New(limits(), nil) }

// entry returns an entry whose bytes differ for each sender and sequence.
func entry(sender string, sequence uint64, price int64) *pool.Entry {
	raw := binary.BigEndian.AppendUint64(append([]byte(nil), sender...), sequence)
	raw = binary.BigEndian.AppendUint64(raw, uint64(price))
	return &pool.Entry{Raw: raw, Signers: []pool.Signer{{Address: sender, Sequence: sequence}}, Price: price, Terms: pool.Terms{Pays: true, Height: 1}}
}

func due(sender string, sequence uint64, deadline int64) *pool.Entry {
	e := entry(sender, sequence, 1)
	e.Terms = pool.Terms{Lane: true, Deadline: deadline, Keys: []string{fmt.Sprint(sender, sequence)}, Height: 1}
	return e
}

func names(entries []*pool.Entry) []string {
	var all []string
	for _, e := range entries {
		all = append(all, fmt.Sprintf("%s%d", e.Signers[0].Address, e.Signers[0].Sequence))
	}
	return all
}

func TestTheDearestGoesFirstAndOfASenderTheEarliest(t *testing.T) {
	p := newPool()
	for _, e := range []*pool.Entry{
		entry("a", 0, 5), entry("a", 1, 9), entry("b", 7, 6), entry("c", 0, 5), entry("d", 0, 100),
	} {
		require.NoError(t, p.Add(e))
	}
	_, ordinary := p.Entries()
	require.Equal(t, []string{"d0", "b7", "a0", "a1", "c0"}, names(ordinary))
}

func TestAFullPoolDropsTheCheapestForWhoPaysATenthMore(t *testing.T) {
	p := newPool()
	for i := range int64(10) {
		require.NoError(t, p.Add(entry(fmt.Sprint("s", i), 0, 1_000+i)))
	}
	require.ErrorIs(t, p.Add(entry("late", 0, 1_100)), pool.ErrFull)
	require.ErrorIs(t, p.Admits(entry("late", 0, 1_100)), pool.ErrFull)
	require.ErrorContains(t, p.Add(entry("late", 0, 1_100)), "at least 1101")
	require.NoError(t, p.Add(entry("late", 0, 1_101)))
	require.Equal(t, 10, p.CountTx())
	require.False(t, p.Has(entry("s0", 0, 1_000).Raw, 1), "the cheapest is gone")
	require.True(t, p.Has(entry("s1", 0, 1_001).Raw, 1))
}

func TestADearTxBehindACheapOneOfItsSenderCountsAsCheap(t *testing.T) {
	p := newPool()
	require.NoError(t, p.Add(entry("sly", 0, 1_000)))
	require.NoError(t, p.Add(entry("sly", 1, 1_000_000)))
	for i := range int64(8) {
		require.NoError(t, p.Add(entry(fmt.Sprint("s", i), 0, 2_000)))
	}
	require.NoError(t, p.Add(entry("late", 0, 1_200)))
	require.True(t, p.Has(entry("sly", 0, 1_000).Raw, 1), "what goes is the last of its sender")
	require.False(t, p.Has(entry("sly", 1, 1_000_000).Raw, 1))
}

func TestBytesAreBoundedToo(t *testing.T) {
	p := newPool()
	fat := func(sender string, price int64) *pool.Entry {
		e := entry(sender, 0, price)
		e.Raw = append(e.Raw, make([]byte, 400)...)
		return e
	}
	require.NoError(t, p.Add(fat("a", 1_000)))
	require.NoError(t, p.Add(fat("b", 2_000)))
	require.ErrorIs(t, p.Add(fat("c", 1_050)), pool.ErrFull)
	require.NoError(t, p.Add(fat("c", 3_000)))
	require.Equal(t, 2, p.CountTx())
	e := entry("d", 0, 1<<40)
	e.Raw = make([]byte, 1_001)
	require.ErrorIs(t, p.Add(e), pool.ErrFull)
}

func TestTheLaneHasRoomThatNobodyElseTakes(t *testing.T) {
	p := newPool()
	for i := range int64(4) {
		require.NoError(t, p.Add(due(fmt.Sprint("n", i), 0, 100+i)))
	}
	for i := range int64(30) {
		_ = p.Add(entry(fmt.Sprint("s", i), 0, 1_000<<min(i, 40)))
	}
	lane, ordinary := p.Entries()
	require.Equal(t, []string{"n00", "n10", "n20", "n30"}, names(lane), "however dear the others are")
	require.Len(t, ordinary, 10)
	require.ErrorIs(t, p.Add(due("late", 0, 103)), pool.ErrFull)
	require.NoError(t, p.Add(due("urgent", 0, 50)), "what is due earlier drives out what is due later")
	lane, _ = p.Entries()
	require.Equal(t, []string{"urgent0", "n00", "n10", "n20"}, names(lane))
}

func TestAHundredThousandTxsOfOneSenderAreAFew(t *testing.T) {
	p := pool.New(pool.DefaultLimits(), nil)
	refused := 0
	for i := range uint64(100_000) {
		if err := p.Add(entry("flood", i, 1_000_000)); err != nil {
			require.ErrorIs(t, err, pool.ErrTooMany)
			require.ErrorIs(t, p.Crowded(pool.Signer{Address: "flood", Sequence: i}), pool.ErrTooMany)
			refused++
		}
	}
	require.Equal(t, 100_000-pool.DefaultLimits().PerSender, refused)
	require.NoError(t, p.Add(entry("other", 0, 1)))
}

func TestATxIsReplacedByOneThatPaysMoreOrIsDue(t *testing.T) {
	p := newPool()
	require.NoError(t, p.Add(entry("a", 0, 1_000)))
	require.NoError(t, p.Add(entry("a", 0, 1_000)), "the same again is nothing new")
	require.ErrorIs(t, p.Add(entry("a", 0, 1_050)), pool.ErrFull)
	require.NoError(t, p.Add(entry("a", 0, 1_101)))
	require.NoError(t, p.Add(due("a", 0, 9)))
	require.ErrorIs(t, p.Add(entry("a", 0, 1<<50)), pool.ErrFull, "a duty gives way to nothing")
	require.Equal(t, 1, p.CountTx())
}

func TestWhatIsInABlockOrNotCheckedForLongIsForgotten(t *testing.T) {
	p := newPool()
	a, b := entry("a", 0, 1), entry("b", 0, 1)
	require.NoError(t, p.Add(a))
	require.NoError(t, p.Add(b))
	p.Forget([][]byte{a.Raw}, 2)
	require.Equal(t, 1, p.CountTx())
	require.True(t, p.Has(b.Raw, 10))
	p.Forget(nil, 30)
	require.Equal(t, 1, p.CountTx())
	p.Forget(nil, 31)
	require.Zero(t, p.CountTx())
}

// Whatever comes and goes, the pool stays within its limits, keeps the order of each sender,
// and does not contain a transaction that is cheaper than one that it refuses.
func TestPoolHoldsItsLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := newPool()
		bounds := limits()
		known := [][]byte{[]byte("unknown")}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			e := entry(rapid.StringMatching("[a-f]").Draw(t, "sender"), rapid.Uint64Range(0, 5).Draw(t, "sequence"), rapid.Int64Range(1, 10_000).Draw(t, "price"))
			e.Raw = append(e.Raw, make([]byte, rapid.IntRange(0, 200).Draw(t, "size"))...)
			e.Terms = terms(t)
			admitted := p.Admits(e)
			err := p.Add(e)
			require.Equal(t, admitted == nil, err == nil, "%v, then %v", admitted, err)
			known = append(known, e.Raw)
			if again := rapid.SampledFrom(known).Draw(t, "again"); rapid.Bool().Draw(t, "refresh") {
				if p.Refresh(again, terms(t)) != nil {
					require.False(t, p.Has(again, 1))
				}
			}
			if rapid.IntRange(0, 9).Draw(t, "block") == 0 {
				p.Forget(known[:1], 2)
				known = known[1:]
			}
			checkPool(t, p, bounds)
		}
	})
}

func terms(t *rapid.T) pool.Terms {
	return pool.Terms{
		Lane: rapid.Bool().Draw(t, "lane"), Kind: rapid.IntRange(1, 3).Draw(t, "kind"),
		Keys:     []string{rapid.StringMatching("[a-h]").Draw(t, "key")},
		Deadline: rapid.Int64Range(1, 50).Draw(t, "deadline"), Pays: rapid.Bool().Draw(t, "pays"), Height: 1,
	}
}

func checkPool(t *rapid.T, p *pool.Pool, bounds pool.Limits) {
	lane, _ := p.Entries()
	for _, e := range lane { // a copy may have become the first
		require.NoError(t, p.Refresh(e.Raw, e.Terms))
	}
	lane, ordinary := p.Entries()
	require.LessOrEqual(t, len(lane), bounds.LaneTxs)
	require.LessOrEqual(t, len(ordinary), bounds.Txs)
	require.Equal(t, len(lane)+len(ordinary), p.CountTx())
	require.LessOrEqual(t, size(lane), bounds.LaneBytes)
	require.LessOrEqual(t, size(ordinary), bounds.Bytes)
	senders, shares := map[string]int{}, map[string]int{}
	for i, e := range ordinary {
		senders[e.Signers[0].Address]++
		require.True(t, i == 0 || ordinary[i-1].Bid() >= e.Bid(), "dearest first")
		require.LessOrEqual(t, e.Bid(), e.Price)
		for _, other := range ordinary {
			if other.Signers[0].Address == e.Signers[0].Address && other.Signers[0].Sequence < e.Signers[0].Sequence {
				require.LessOrEqual(t, e.Bid(), other.Price, "behind a cheaper one")
			}
		}
	}
	brought, copies := map[string]bool{}, false
	for i, e := range lane {
		senders[e.Signers[0].Address]++
		shares[e.Signers[0].Address]++
		require.True(t, e.Lane)
		copies = copies || brought[e.Keys[0]]
		brought[e.Keys[0]] = true
		if before := i - 1; before >= 0 && !copies {
			require.True(t, lane[before].Kind < e.Kind || lane[before].Kind == e.Kind && lane[before].Deadline <= e.Deadline, "by kind, then earliest first")
		}
	}
	for sender, n := range senders {
		require.LessOrEqual(t, n, bounds.PerSender)
		require.LessOrEqual(t, shares[sender], bounds.LanePerSender)
	}
}

func size(entries []*pool.Entry) int {
	sum := 0
	for _, e := range entries {
		sum += len(e.Raw)
	}
	return sum
}
