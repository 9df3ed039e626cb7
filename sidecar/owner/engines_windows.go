package owner

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/thetaedge/theta/sidecar/device"
)

const (
	// enginesPath is the counter of Windows for the use of each engine of each graphics card by each process, in
	// percent. Windows 10 has it from version 1709 on.
	enginesPath = `\GPU Engine(*)\Utilization Percentage`
	// Formats and answers of PDH (pdh.h, pdhmsg.h).
	pdhDouble   = 0x00000200
	pdhNoCap    = 0x00008000
	pdhMoreData = 0x800007d2
	pdhValid    = 0 // PDH_CSTATUS_VALID_DATA
	pdhNewData  = 1 // PDH_CSTATUS_NEW_DATA
	// mostEngines bounds the bytes of one reading.
	mostEngines = 16 << 20
)

// engines reads how much programs use the graphics cards, of all vendors. NVIDIA's own library does not know it for cards
// that show a screen.
type engines struct {
	open, add, collect, array *windows.LazyProc
	query, counter            uintptr
	// failed says why the counter cannot be had on this machine.
	failed error
}

func newEngines() *engines {
	pdh := windows.NewLazySystemDLL("pdh.dll")
	return &engines{
		open: pdh.NewProc("PdhOpenQueryW"), add: pdh.NewProc("PdhAddEnglishCounterW"),
		collect: pdh.NewProc("PdhCollectQueryData"), array: pdh.NewProc("PdhGetFormattedCounterArrayW"),
	}
}

// pdhCall calls a function of PDH, which returns 0 if it succeeds.
func pdhCall(proc *windows.LazyProc, args ...uintptr) error {
	if err := proc.Find(); err != nil {
		return err
	}
	if code, _, _ := proc.Call(args...); code != 0 {
		return pdhError{proc.Name, uint32(code)} //nolint:gosec // 32 bits
	}
	return nil
}

// pdhError is an answer of PDH.
type pdhError struct {
	function string
	code     uint32
}

func (e pdhError) Error() string { return fmt.Sprintf("%s answers %#x", e.function, e.code) }

// start opens the counter.
func (e *engines) start() error {
	if e.failed != nil || e.query != 0 {
		return e.failed
	}
	path, err := windows.UTF16PtrFromString(enginesPath)
	if err != nil {
		return err
	}
	var query, counter uintptr
	err = pdhCall(e.open, 0, 0, uintptr(unsafe.Pointer(&query))) //nolint:gosec // the call needs the address
	if err == nil {
		err = pdhCall(e.add, query, uintptr(unsafe.Pointer(path)), 0, uintptr(unsafe.Pointer(&counter))) //nolint:gosec // as above
	}
	if err != nil {
		e.failed = fmt.Errorf("Windows does not count the use of graphics cards by program: %w", err)
		return e.failed
	}
	e.query, e.counter = query, counter
	return nil
}

// use returns the load of the most loaded engine of a card by processes that are not own, in percent. The first call
// fails with device.ErrTooEarly.
func (e *engines) use(own map[int]bool) (float64, error) {
	first := e.query == 0
	if err := e.start(); err != nil {
		return 0, err
	}
	if err := pdhCall(e.collect, e.query); err != nil {
		return 0, err
	}
	if first {
		return 0, fmt.Errorf("the counters of Windows: %w", device.ErrTooEarly)
	}
	values, err := e.read()
	return busiest(values, own), err
}

// engineUse is the use of one engine by one process.
type engineUse struct {
	// instance is the name that Windows gives to the pair.
	instance string
	percent  float64
}

// pdhItem is PDH_FMT_COUNTERVALUE_ITEM_W with a double. The names lie behind the items. A pointer would not do: the
// garbage collector would take the text of names for pointers.
type pdhItem struct {
	name   uintptr
	status uint32
	_      uint32
	value  float64
}

// read returns what the last two readings say together.
func (e *engines) read() ([]engineUse, error) {
	var size, count uint32
	args := func(buffer unsafe.Pointer) error {
		return pdhCall(e.array, e.counter, pdhDouble|pdhNoCap, uintptr(unsafe.Pointer(&size)), uintptr(unsafe.Pointer(&count)), uintptr(buffer)) //nolint:gosec // as above
	}
	err := args(nil)
	var answer pdhError
	if !errors.As(err, &answer) || answer.code != pdhMoreData {
		return nil, err // no process uses a card, or a failure
	}
	if size == 0 || size > mostEngines {
		return nil, fmt.Errorf("expected at most %d bytes about engines of graphics cards, found %d", mostEngines, size)
	}
	buffer := make([]pdhItem, size/uint32(unsafe.Sizeof(pdhItem{}))+1)
	start := unsafe.Pointer(&buffer[0]) //nolint:gosec // as above
	if err := args(start); err != nil {
		return nil, err
	}
	var values []engineUse
	for _, item := range buffer[:min(int(count), len(buffer))] {
		at := item.name - uintptr(start)
		if (item.status == pdhValid || item.status == pdhNewData) && at < uintptr(size) {
			values = append(values, engineUse{windows.UTF16PtrToString((*uint16)(unsafe.Add(start, at))), item.value})
		}
	}
	return values, nil
}

// busiest adds the use of each engine by processes that are not own, and returns the highest sum, at most 100. Instances
// are called pid_PID_luid_HIGH_LOW_phys_N_eng_N_engtype_KIND.
func busiest(values []engineUse, own map[int]bool) float64 {
	sums := map[string]float64{}
	for _, v := range values {
		rest, is := strings.CutPrefix(v.instance, "pid_")
		number, engine, more := strings.Cut(rest, "_")
		pid, err := strconv.Atoi(number)
		if !is || !more || err != nil || own[pid] || v.percent <= 0 {
			continue
		}
		sums[engine] += v.percent
	}
	if len(sums) == 0 {
		return 0
	}
	return min(100, slices.Max(slices.Collect(maps.Values(sums))))
}

// with returns the load of the most loaded graphics card by processes that are not own: as Windows counts it, and as the
// drivers do, which also see cards that Windows does not draw with.
func (e *engines) with(cards device.Gauges) func(own map[int]bool) (float64, error) {
	return func(own map[int]bool) (float64, error) {
		counted, failed := e.use(own)
		if errors.Is(failed, device.ErrTooEarly) {
			return 0, failed
		}
		return device.Highest(func() (float64, error) { return counted, failed }, func() (float64, error) { return cards.Use(own) })
	}
}
