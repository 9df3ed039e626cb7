package worker

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// watchPause is the pause between two checks of what a worker process uses.
const watchPause = 200 * time.Millisecond

// usage is what a process uses.
type usage struct {
	// memory is the memory that the process does not share, in bytes.
	memory uint64
	// processor is the processor time that the process has burned.
	processor time.Duration
}

// watch ends a worker process that holds too much memory. It also ends a worker process that
// has a task but neither reports nor burns processor time. An engine may prevent all other
// code of the worker process from running while a program runs. Therefore a worker process
// that burns processor time does not count as silent.
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
			// If the system does not report the processor time, only the task's wall limit
			// applies.
			burned, p.sign = now.processor, p.clock.now()
		}
		silent := p.stage > idle && p.clock.now()-p.sign > p.cfg.SilentTime
		p.mu.Unlock()
		if silent {
			p.end(died(fmt.Sprintf("it hung: for %s it neither reported nor burned processor time", p.cfg.SilentTime), ""))
			return
		}
	}
}

// held returns how much memory a worker process holds now, in bytes.
func (p *process) held() uint64 {
	now, _ := usageOf(p.proc.Pid, p.cage)
	return now.memory
}

// budget bounds the number of reports that a worker process may send: a number at once, a
// number per second, and the answers to each order. Orders for short tasks follow each other
// quickly.
type budget struct {
	left float64
	at   time.Time
}

const (
	budgetBurst  = 64
	budgetSecond = 8
	// budgetOrder is the number of answers to an order: that the task was accepted, and how it
	// ended.
	budgetOrder = 2
)

func newBudget(now time.Time) budget { return budget{left: budgetBurst, at: now} }

// order adds the answers to an order.
func (b *budget) order() { b.left = min(b.left, budgetBurst) + budgetOrder }

func (b *budget) take(now time.Time) bool {
	b.left = min(b.left+now.Sub(b.at).Seconds()*budgetSecond, budgetBurst+budgetOrder) - 1
	b.at = now
	return b.left >= 0
}

const (
	// tailBytes is the number of bytes of a worker process's error stream that are kept for
	// the owner.
	tailBytes = 2 << 10
	// maxStderr is the largest number of bytes that a worker process may write to its error
	// stream.
	maxStderr = 4 << 20
)

// tail keeps the beginning of a worker process's error stream, because a crash reports its
// reason first.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// follow reads an error stream to its end. If the worker process writes too much, follow calls
// flooded once and discards the rest.
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

// text returns the kept text, printable and on one line.
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
