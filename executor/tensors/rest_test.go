package tensors_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/executor"
	"github.com/thetaedge/theta/tensor"
)

// patience is the time for which a test waits for an event that must happen.
const patience = time.Minute

// disk is a storage in a file that can fail.
type disk struct {
	*os.File

	mu sync.Mutex
	// full is the error of writes, and slow is called before each of them with its place.
	full error
	slow func(at int64)
	// reads counts the reads.
	reads int
}

func newDisk(t *testing.T) *disk {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "swap"))
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return &disk{File: file}
}

func (d *disk) ReadAt(p []byte, at int64) (int, error) {
	d.mu.Lock()
	d.reads++
	d.mu.Unlock()
	return d.File.ReadAt(p, at)
}

func (d *disk) WriteAt(p []byte, at int64) (int, error) {
	d.mu.Lock()
	full, slow := d.full, d.slow
	d.mu.Unlock()
	if slow != nil {
		slow(at)
	}
	if full != nil {
		return 0, full
	}
	return d.File.WriteAt(p, at)
}

// little is the most that accumulates moves, in bytes, if it rests before its large tensor is there.
const little = 1 << 20

// nap is a request to rest that a test follows.
type nap struct {
	request *executor.Rest
	still   chan uint64
	out     chan error
	awake   chan struct{}
	over    chan struct{}
}

func newNap(s executor.Storage) *nap {
	n := &nap{still: make(chan uint64, 1), out: make(chan error, 1), awake: make(chan struct{}), over: make(chan struct{})}
	n.request = &executor.Rest{
		Storage: s, Over: n.over, Awake: func() { close(n.awake) },
		Still: func(bytes uint64) bool { n.still <- bytes; return true },
		Out:   func(err error) { n.out <- err },
	}
	return n
}

func received[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		require.FailNow(t, "nothing happened in time")
		panic("unreachable")
	}
}

// accumulates loads weights from /in/w, and adds their product to a tensor again and again, so that each
// step depends on the one before. Then it writes a part of the sum.
func accumulates(t *testing.T, steps string) executor.Task {
	t.Helper()
	at := func(h tensor.Handle) tensor.Operand { return tensor.Operand{Tensor: h} }
	list := records(
		&tensor.Gemm{A: at(1), W: at(1), Out: at(2), Batch: 1, M: 4, N: 64, K: 64},
		&tensor.Binary{A: at(2), B: at(3), Out: at(3), Rows: 1, Cols: 256, Kind: tensor.Plus},
		&tensor.Fill{Out: at(4), Count: 3_000_000, Value: 7},
	)
	content := make([]byte, 4096+7)
	for i := range content {
		content[i] = byte(i * i / 7)
	}
	tk := task(t, wat(t, list+`(data (i32.const 64) "w")`, `(local $n i32)
		(drop (call $alloc (i32.const 2) (i64.const 4096))) (drop (call $alloc (i32.const 4) (i64.const 4096))) (drop (call $alloc (i32.const 4) (i64.const 4096)))
		(if (call $load (call $open (i32.const 64) (i32.const 1)) (i64.const 7) (i32.const 1) (i64.const 0) (i64.const 4096)) (then unreachable))
		(drop (call $alloc (i32.const 4) (i64.const 3000000))) (call $submit (i32.const 1344) (i32.const 1))
		(loop $l
			(call $submit (i32.const 1024) (i32.const 2))
			(br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const `+steps+`))))
		(call $read (i32.const 3) (i64.const 0) (i32.const 4096) (i32.const 16384)) (call $put (i32.const 4096) (i32.const 16384))`))
	tk.Inputs = []executor.Input{input(t, "w", content)}
	tk.TraceKeys, tk.Fuel = []executor.Trace{{1}, {2}}, 1<<50
	tk.WallLimit = 10 * time.Minute
	return tk
}

// TestATaskThatRestsAgainAndAgainHasTheSameResult: neither a result nor what it costs nor its traces
// depend on where the tensors were meanwhile, and their memory is given up each time.
func TestATaskThatRestsAgainAndAgainHasTheSameResult(t *testing.T) {
	first := 2000
	if testing.Short() {
		first = 200
	}
	for _, keep := range []uint64{0, 1 << 30} {
		// A machine that is busy finishes a short task before it has rested often enough.
		for steps := first; restsAgain(t, keep, steps) <= 5; steps *= 4 {
			require.Less(t, steps, 256*first, "some rests moved tensors")
		}
	}
}

// restsAgain lets a task of some steps rest until it has moved its tensors ten times or has ended, and
// compares its end with that of a task that never rests. It returns how often tensors were moved.
func restsAgain(t *testing.T, keep uint64, steps int) (away int) {
	t.Helper()
	task := accumulates(t, strconv.Itoa(steps))
	want, err := newMachine(t, keep, reference).run(task)
	require.NoError(t, err)
	m := newMachine(t, keep, reference)
	rester := m.Executor.(executor.Rester)
	ended := make(chan struct{})
	var got end
	go func() {
		defer close(ended)
		got, err = m.run(task)
	}()
	storage := newDisk(t)
	for over := false; !over && away < 10; {
		n := newNap(storage)
		rester.Rest(n.request)
		select {
		case bytes := <-n.still:
			require.NoError(t, received(t, n.out))
			require.Zero(t, m.device.live)
			if bytes > little {
				away++
				info, err := storage.Stat()
				require.NoError(t, err)
				require.Equal(t, bytes, uint64(info.Size()))
			}
			close(n.over)
			received(t, n.awake)
			info, err := storage.Stat()
			require.NoError(t, err)
			require.Zero(t, info.Size(), "nothing stays on the disk")
		case <-ended:
			close(n.over)
			over = true
		}
	}
	received(t, ended)
	require.NoError(t, err)
	require.Equal(t, want, got)
	return away
}

// resting starts a task and lets it rest.
func resting(t *testing.T, keep uint64, storage executor.Storage, task executor.Task) (*machine, *nap) {
	t.Helper()
	m := newMachine(t, keep, reference)
	require.NoError(t, m.Start(context.Background(), task))
	for {
		n := newNap(storage)
		m.Executor.(executor.Rester).Rest(n.request)
		if received(t, n.still) > little {
			return m, n
		}
		require.NoError(t, received(t, n.out))
		close(n.over)
		received(t, n.awake)
	}
}

// TestWhatDoesNotComeBackWholeIsNoResult: a disk may change, lose or exchange what it holds.
func TestWhatDoesNotComeBackWholeIsNoResult(t *testing.T) {
	task := accumulates(t, "100000000")
	for name, damage := range map[string]func(t *testing.T, d *disk, size int64){
		"a bit": func(t *testing.T, d *disk, size int64) {
			var b [1]byte
			_, err := d.File.ReadAt(b[:], size/2)
			require.NoError(t, err)
			b[0] ^= 4
			_, err = d.File.WriteAt(b[:], size/2)
			require.NoError(t, err)
		},
		"the end": func(t *testing.T, d *disk, size int64) { require.NoError(t, d.File.Truncate(size-1)) },
		"all":     func(t *testing.T, d *disk, _ int64) { require.NoError(t, d.File.Truncate(0)) },
		"gone":    func(t *testing.T, d *disk, _ int64) { require.NoError(t, d.File.Close()) },
		"pieces exchanged": func(t *testing.T, d *disk, _ int64) {
			// Three small tensors come first, and then one of two whole pieces and a part.
			const first, piece = 4096 + 16 + 2*(16384+16), 4<<20 + 16
			a, b := make([]byte, piece), make([]byte, piece)
			for at, p := range map[int64][]byte{first: a, first + piece: b} {
				_, err := d.File.ReadAt(p, at)
				require.NoError(t, err)
			}
			for at, p := range map[int64][]byte{first: b, first + piece: a} {
				_, err := d.File.WriteAt(p, at)
				require.NoError(t, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			storage := newDisk(t)
			m, n := resting(t, 0, storage, task)
			require.NoError(t, received(t, n.out))
			info, err := storage.Stat()
			require.NoError(t, err)
			damage(t, storage, info.Size())
			close(n.over)
			_, err = m.Wait(context.Background(), task.ID)
			require.Error(t, err)
			require.NotErrorIs(t, err, executor.ErrDevice, "the device is not to blame")
			require.NoError(t, m.failed(task, nil))
		})
	}
	t.Run("an older one", func(t *testing.T) {
		storage := newDisk(t)
		m, n := resting(t, 0, storage, task)
		require.NoError(t, received(t, n.out))
		older, err := io.ReadAll(io.NewSectionReader(storage, 0, 1<<40))
		require.NoError(t, err)
		close(n.over)
		received(t, n.awake)
		n = newNap(storage)
		m.Executor.(executor.Rester).Rest(n.request)
		require.NoError(t, received(t, n.out))
		_, err = storage.File.WriteAt(older, 0)
		require.NoError(t, err)
		close(n.over)
		_, err = m.Wait(context.Background(), task.ID)
		require.ErrorContains(t, err, "came back changed")
		require.NoError(t, m.failed(task, nil))
	})
	t.Run("weights", func(t *testing.T) {
		task := accumulates(t, "100000000")
		m, n := resting(t, 1<<30, newDisk(t), task)
		require.NoError(t, received(t, n.out))
		content, err := os.ReadFile(task.Inputs[0].Path)
		require.NoError(t, err)
		content[100] ^= 1
		require.NoError(t, os.WriteFile(task.Inputs[0].Path, content, 0o600))
		close(n.over)
		_, err = m.Wait(context.Background(), task.ID)
		require.ErrorContains(t, err, "weights are not in their file any more")
		require.NoError(t, m.failed(task, nil))
	})
}

// TestATaskGoesOnIfItsTensorsCannotBeWritten: they are still in memory.
func TestATaskGoesOnIfItsTensorsCannotBeWritten(t *testing.T) {
	task := accumulates(t, "500")
	want, err := newMachine(t, 0, reference).run(task)
	require.NoError(t, err)
	storage := newDisk(t)
	storage.full = errors.New("the disk is full")
	m := newMachine(t, 0, reference)
	n := newNap(storage)
	m.Executor.(executor.Rester).Rest(n.request)
	ended := make(chan struct{})
	var got end
	go func() {
		defer close(ended)
		got, err = m.run(task)
	}()
	received(t, n.still)
	// The first call comes before there are tensors.
	if out := received(t, n.out); out != nil {
		require.ErrorContains(t, out, "the disk is full")
	}
	close(n.over)
	received(t, ended)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// TestARestThatEndsWhileTensorsAreWrittenLeavesThemInMemory: nothing is given up before all is written.
func TestARestThatEndsWhileTensorsAreWrittenLeavesThemInMemory(t *testing.T) {
	task := accumulates(t, "100000000")
	storage := newDisk(t)
	begun, goOn := make(chan struct{}), make(chan struct{})
	release := sync.OnceFunc(func() { close(goOn) })
	defer release() // so that the machine can be closed if the test fails
	var once sync.Once
	storage.slow = func(at int64) {
		if at >= little {
			once.Do(func() { close(begun) })
			<-goOn
		}
	}
	m, n := resting(t, 0, storage, task)
	received(t, begun)
	storage.mu.Lock()
	before := storage.reads // of rests before the large tensor was there
	storage.mu.Unlock()
	close(n.over)
	release()
	received(t, n.awake)
	require.Empty(t, n.out)
	require.NoError(t, m.Destroy(task.ID))
	require.Equal(t, before, storage.reads)
	info, err := storage.Stat()
	require.NoError(t, err)
	require.Zero(t, info.Size(), "nothing stays on the disk")
}

// reading is a storage that lets a test wait within a read.
type reading struct {
	*disk

	begun, goOn chan struct{}
	once        sync.Once
}

func (r *reading) ReadAt(p []byte, at int64) (int, error) {
	if at >= little {
		r.once.Do(func() { close(r.begun); <-r.goOn })
	}
	return r.disk.ReadAt(p, at)
}

// TestARequestThatComesWhileTensorsAreReadBackWritesNothing: the storage still has everything.
func TestARequestThatComesWhileTensorsAreReadBackWritesNothing(t *testing.T) {
	task := accumulates(t, "100000000")
	storage := &reading{disk: newDisk(t), begun: make(chan struct{}), goOn: make(chan struct{})}
	release := sync.OnceFunc(func() { close(storage.goOn) })
	defer release() // so that the machine can be closed if the test fails
	m, first := resting(t, 1<<30, storage, task)
	require.NoError(t, received(t, first.out))
	close(first.over)
	received(t, storage.begun)
	storage.full = errors.New("nothing is to be written")
	second := newNap(storage)
	m.Executor.(executor.Rester).Rest(second.request)
	release()
	require.Greater(t, received(t, second.still), uint64(little))
	require.NoError(t, received(t, second.out))
	require.Zero(t, m.device.live)
	close(second.over)
	received(t, second.awake)
	require.NoError(t, m.Destroy(task.ID))
}

// TestAStoppedTaskDoesNotWaitForTheEndOfItsRest: its owner may stop the daemon meanwhile.
func TestAStoppedTaskDoesNotWaitForTheEndOfItsRest(t *testing.T) {
	task := accumulates(t, "100000000")
	m, n := resting(t, 1<<30, newDisk(t), task)
	require.NoError(t, received(t, n.out))
	require.NoError(t, m.Stop(task.ID))
	_, err := m.Wait(context.Background(), task.ID)
	require.ErrorIs(t, err, executor.ErrStopped)
	require.NoError(t, m.failed(task, nil))
	close(n.over)
	few := accumulates(t, "10")
	few.Inputs = task.Inputs
	_, err = m.run(few)
	require.NoError(t, err, "weights that were given up are not found")
}
