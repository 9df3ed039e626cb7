package types

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
)

const (
	sampleDomain = "theta/compute/sample/1"
	// MaxSamples is the largest number of tasks that an audit samples from a chunk.
	MaxSamples = 64
	// MaxWholeSamples is the largest number of samples that a job may ask for if its chunks have
	// more than MaxSamples tasks. An audit samples MaxSamples tasks at most, and more than a
	// job asks for if tasks use less fuel than they may. With more samples than this, a
	// commitment to a whole chunk would be refused unless its tasks used more than nine tenths
	// of it.
	MaxWholeSamples = 58
)

// SampleSize returns how many tasks of a chunk an audit samples: samples, if all tasks use as
// much fuel as one task may use (most), and more in proportion if the chunk's fuel is less. A
// node that skips a share of the chunk's work is thus found with the same probability whether
// it skips many light tasks or a few heavy ones. SampleSize returns at most count.
//
// Let a node skip tasks that make up the share c of the chunk's true fuel T. They are at
// least c*T/most tasks, each sample finds one of them with the probability c*T/(most*count),
// and there are samples*count*most/T' samples for the stated fuel T'. Stating more fuel than
// T needs further false leaves. So none is found with at most the probability exp(-samples*c).
func SampleSize(count uint64, samples uint32, most, fuel uint64) uint64 {
	return min(WantedSamples(count, samples, most, fuel), count)
}

// WantedSamples returns how many tasks an audit would sample if a chunk with the same average
// of fuel per task had any number of tasks.
func WantedSamples(count uint64, samples uint32, most, fuel uint64) uint64 {
	if fuel == 0 {
		return math.MaxUint64
	}
	// ceil(samples * count * most / fuel); samples * count is below 2^19.
	high, low := bits.Mul64(uint64(samples)*count, most)
	if high >= fuel {
		return math.MaxUint64
	}
	n, rest := bits.Div64(high, low, fuel)
	if rest > 0 && n < math.MaxUint64 {
		n++
	}
	return n
}

// PaysAudit reports whether a node may commit to so many tasks and leave the rest of its chunk to
// others: their pay has to cover that of the auditors of their samples. Otherwise a part of a
// chunk could cost its requester several rewards per task. The tasks use fuel together, and at
// most most each. A part that may not be larger, because an audit would sample too many of its
// tasks, is always allowed.
func (p *Policy) PaysAudit(tasks, most, fuel uint64) bool {
	wanted := WantedSamples(tasks, p.Samples, most, fuel)
	if p.AuditBps == 0 || tasks == MaxSamples && wanted > MaxSamples {
		return true
	}
	return min(wanted, tasks)*uint64(p.Auditors) <= tasks
}

// MostTasks returns the largest number of tasks of a chunk under the policy. A node has to be
// able to commit to some part of any chunk that it has executed. A chunk of at most MaxSamples
// tasks can always be sampled as a whole. A larger one may have to be divided, and with several
// auditors none of its parts may pay for their samples.
func (p *Policy) MostTasks() uint64 {
	if p.Kind == POLICY_KIND_AUDIT && (p.Samples > MaxWholeSamples || p.Auditors > 1) {
		return MaxSamples
	}
	return MaxChunkTasks
}

// SampleTasks returns the positions of n different tasks of a chunk of count tasks, in
// ascending order, which a seed draws. first is the index of the chunk's first task. The seed
// must not have been known to any party when the node committed to the chunk.
func SampleTasks(seed []byte, job JobID, first, count, n uint64) []uint32 {
	drawn := make([]uint32, 0, n)
	if n >= count {
		for p := range count {
			drawn = append(drawn, uint32(p))
		}
		return drawn
	}
	seen := make(map[uint32]bool, n)
	for i := uint64(0); uint64(len(drawn)) < n; i++ {
		v := binary.BigEndian.Uint64(hash(sampleDomain, seed, job.Bytes(), uint64Bytes(first), uint64Bytes(i)))
		position, _ := bits.Mul64(v, count) // v/2^64 * count, without fractions
		if p := uint32(position); !seen[p] {
			seen[p] = true
			drawn = append(drawn, p)
		}
	}
	slices.Sort(drawn)
	return drawn
}

// LeastFuelBps returns the share of the fuel that the tasks of a chunk may use, in basis points
// and rounded up, which they have to use on average so that a node may commit to all of them. It
// is 0 if every commitment is accepted. samples is that of the effective policy.
func LeastFuelBps(count uint64, samples uint32) uint64 {
	if count <= MaxSamples {
		return 0
	}
	return (uint64(samples)*BasisPoints + MaxSamples - 1) / MaxSamples
}

// missBps is exp(-samples) in basis points, rounded up: the probability that an audit with so
// many samples misses a node that has skipped the whole chunk's worth of its rarest work.
var missBps = [...]uint32{10_000, 3_679, 1_354, 498, 184, 68, 25, 10, 4, 2}

// sampledBps returns the probability in basis points with which an audit of a chunk finds a
// false task among those that are worth the whole chunk's fuel. All tasks of a chunk of up to
// samples tasks are sampled.
func sampledBps(count uint64, samples uint32) uint32 {
	if count <= uint64(samples) {
		return BasisPoints
	}
	return BasisPoints - missBps[min(int(samples), len(missBps)-1)]
}
