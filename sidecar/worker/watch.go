package worker

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// watchPause is the pause between two looks at what a worker uses.
const watchPause = 200 * time.Millisecond

// usage is what a process uses.
type usage struct {
	// memory that is its own, in bytes.
	memory uint64
	// processor time that it has burned.
	processor time.Duration
}

// watch ends a worker that holds too much memory, or that has a task and neither reports
// nor burns processor time. An engine may not let anything else of the worker run while
// a program does: a worker that works is not silent.
func (p *process) watch(over <-chan struct{}) {
	ticker := time.NewTicker(watchPause)
	defer ticker.Stop()
	var burned time.Duration
	for {
		select {
		case <-over:
			return
		case <-ticker.C:
		}
		now, known := usageOf(p.proc.Pid, p.cage)
		if known && now.memory > p.cfg.MemoryBytes {
			p.end(died(fmt.Sprintf("it held %d bytes of memory, more than %d", now.memory, p.cfg.MemoryBytes), ""))
			return
		}
		p.mu.Lock()
		if now.processor > burned || !known {
			// A system that does not tell leaves it to the task's wall limit.
			burned, p.sign = now.processor, time.Now()
		}
		silent := p.stage > idle && time.Since(p.sign) > p.cfg.SilentTime
		p.mu.Unlock()
		if silent {
			p.end(died(fmt.Sprintf("it hung: for %s it neither reported nor burned processor time", p.cfg.SilentTime), ""))
			return
		}
	}
}

// held is how much memory a worker holds now, in bytes.
func (p *process) held() uint64 {
	now, _ := usageOf(p.proc.Pid, p.cage)
	return now.memory
}

// budget bounds how many reports a worker may send: some at once, and some a second.
type budget struct {
	left float64
	at   time.Time
}

const (
	budgetBurst  = 64
	budgetSecond = 8
)

func newBudget(now time.Time) budget { return budget{left: budgetBurst, at: now} }

func (b *budget) take(now time.Time) bool {
	b.left = min(b.left+now.Sub(b.at).Seconds()*budgetSecond, budgetBurst) - 1
	b.at = now
	return b.left >= 0
}

const (
	// tailBytes of what a worker writes to its error stream are kept for its owner.
	tailBytes = 2 << 10
	// maxStderr is the most that a worker may write there.
	maxStderr = 4 << 20
)

// tail keeps what a worker has said of itself: the beginning, because a crash tells its
// reason first.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// follow reads an error stream to its end. It calls flooded once when a worker writes
// too much, and throws the rest away.
func (t *tail) follow(from io.Reader, flooded func()) {
	buffer := make([]byte, 4<<10)
	for total := 0; ; {
		n, err := from.Read(buffer)
		t.mu.Lock()
		t.kept = append(t.kept, buffer[:min(n, tailBytes-len(t.kept))]...)
		t.mu.Unlock()
		if total <= maxStderr && total+n > maxStderr {
			flooded()
		}
		total = min(total+n, maxStderr+1)
		if err != nil {
			return
		}
	}
}

// text is printable, on one line.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(t.kept), "\uFFFD"))
	return clip(strings.Join(strings.Fields(clean), " "), tailBytes)
}
