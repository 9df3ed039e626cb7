package owner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/thetaedge/theta/sidecar/device"
)

func openSensors(cfg OpenConfig) Sensors {
	w := newWin32()
	table := &processTable{self: uint32(os.Getpid())} //nolint:gosec // numbers of processes have 32 bits
	return Sensors{
		Idle:       SensorFunc[Activity](w.idle),
		FullScreen: SensorFunc[string](w.fullScreen),
		Programs:   SensorFunc[[]string](table.programs),
		CPU:        &load{sample: (&loadCounter{table: table}).sample},
		GPU: useByOthers(newEngines().with(cfg.Cards), func() (map[int]bool, error) {
			_, processes, err := table.read()
			own := make(map[int]bool, len(processes))
			for pid := range processes {
				own[int(pid)] = true
			}
			return own, err
		}),
		// Windows shows the temperature of the processor and the fans of the machine only to programs of their
		// vendors.
		CPUTemperature: unbuilt[float64]("the temperature of the processor"),
		GPUTemperature: sensorOf(cfg.Cards.Temperature),
		Fan:            sensorOf(cfg.Cards.Fan),
		Power:          SensorFunc[Power](w.power),
		Metered:        unbuilt[bool]("whether the network is metered"),
		FreeDisk:       SensorFunc[uint64](func(context.Context) (uint64, error) { return device.FreeBytes(cfg.Home) }),
	}
}

// win32 contains the functions of the system that x/sys/windows does not have.
type win32 struct {
	lastInput, tickCount, powerStatus, windowRect, monitorOf, monitorInfo *windows.LazyProc
}

func newWin32() *win32 {
	user, kernel := windows.NewLazySystemDLL("user32.dll"), windows.NewLazySystemDLL("kernel32.dll")
	return &win32{
		lastInput: user.NewProc("GetLastInputInfo"), tickCount: kernel.NewProc("GetTickCount"),
		powerStatus: kernel.NewProc("GetSystemPowerStatus"), windowRect: user.NewProc("GetWindowRect"),
		monitorOf: user.NewProc("MonitorFromWindow"), monitorInfo: user.NewProc("GetMonitorInfoW"),
	}
}

// call calls a function that returns zero if it fails.
func call(proc *windows.LazyProc, args ...uintptr) (uintptr, error) {
	if err := proc.Find(); err != nil {
		return 0, err
	}
	result, _, err := proc.Call(args...)
	if result == 0 {
		return 0, fmt.Errorf("%s: %w", proc.Name, err)
	}
	return result, nil
}

// besideOwner reports that this process runs in the session of services, in which nothing is ever used and no window
// is ever shown.
func besideOwner(unseen string) error {
	var session uint32
	if err := windows.ProcessIdToSessionId(windows.GetCurrentProcessId(), &session); err != nil {
		return err
	}
	return sessionSees(session, unseen)
}

// idle returns the time since the last use of keyboard and mouse in the session of this process.
func (w *win32) idle(context.Context) (Activity, error) {
	if err := besideOwner("keyboard and mouse"); err != nil {
		return Activity{}, err
	}
	info := struct{ size, at uint32 }{size: 8}
	if _, err := call(w.lastInput, uintptr(unsafe.Pointer(&info))); err != nil { //nolint:gosec // the call needs the address
		return Activity{}, err
	}
	if err := w.tickCount.Find(); err != nil {
		return Activity{}, err
	}
	now, _, _ := w.tickCount.Call()
	// The counter has 32 bits and begins again every 49 days.
	return Activity{Source: "Windows", Idle: time.Duration(uint32(now)-info.at) * time.Millisecond}, nil //nolint:gosec // 32 bits are meant
}

// rect is a rectangle of the screen.
type rect struct{ left, top, right, bottom int32 }

// fullScreen returns the program whose active window covers a whole screen, or an empty text.
func (w *win32) fullScreen(context.Context) (string, error) {
	if err := besideOwner("the owner's windows"); err != nil {
		return "", err
	}
	window := windows.GetForegroundWindow()
	if window == 0 || window == windows.GetShellWindow() || window == windows.GetDesktopWindow() {
		return "", nil
	}
	class := make([]uint16, 64)
	if n, err := windows.GetClassName(window, &class[0], int32(len(class))); err == nil && n > 0 {
		switch windows.UTF16ToString(class) {
		case "WorkerW", "Progman": // the desktop
			return "", nil
		}
	}
	var covers rect
	if _, err := call(w.windowRect, uintptr(window), uintptr(unsafe.Pointer(&covers))); err != nil { //nolint:gosec // as above
		return "", err
	}
	const nearest = 2
	monitor, err := call(w.monitorOf, uintptr(window), nearest)
	if err != nil {
		return "", err
	}
	info := struct {
		size         uint32
		screen, work rect
		flags        uint32
	}{size: 40}
	if _, err := call(w.monitorInfo, monitor, uintptr(unsafe.Pointer(&info))); err != nil { //nolint:gosec // as above
		return "", err
	}
	s := info.screen
	if covers.left > s.left || covers.top > s.top || covers.right < s.right || covers.bottom < s.bottom {
		return "", nil
	}
	return programOf(window), nil
}

// programOf returns the name of the program of a window.
func programOf(window windows.HWND) string {
	const unnamed = "a program"
	var pid uint32
	if _, err := windows.GetWindowThreadProcessId(window, &pid); err != nil {
		return unnamed
	}
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, pid)
	if err != nil {
		return unnamed
	}
	defer func() { _ = windows.CloseHandle(process) }()
	name := make([]uint16, 1024)
	length := uint32(len(name))
	if err := windows.QueryFullProcessImageName(process, 0, &name[0], &length); err != nil {
		return unnamed
	}
	return filepath.Base(windows.UTF16ToString(name))
}

// power reads SYSTEM_POWER_STATUS.
func (w *win32) power(context.Context) (Power, error) {
	var status struct {
		mains, battery, charge, saver byte
		left, full                    uint32
	}
	if _, err := call(w.powerStatus, uintptr(unsafe.Pointer(&status))); err != nil { //nolint:gosec // as above
		return Power{}, err
	}
	const noBattery, unknown = 128, 255
	if status.mains == unknown || status.battery == unknown {
		return Power{}, errors.New("Windows does not know how the machine is supplied")
	}
	p := Power{Has: status.battery&noBattery == 0, Battery: status.mains == 0}
	if p.Has {
		if status.charge == unknown {
			return Power{}, errors.New("Windows does not know how full the battery is")
		}
		p.Charge = float64(status.charge)
	}
	return p, nil
}

// processTable lists the processes of this machine.
type processTable struct{ self uint32 }

// read returns the names of the processes by number, and those that are ours.
func (t *processTable) read() (names map[uint32]string, own map[uint32]bool, err error) {
	snapshot, err := windows.CreateToolhelp32Snapshot(windows.TH32CS_SNAPPROCESS, 0)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, windows.CloseHandle(snapshot)) }()
	entry := windows.ProcessEntry32{Size: uint32(unsafe.Sizeof(windows.ProcessEntry32{}))}
	names, own = map[uint32]string{}, map[uint32]bool{t.self: true}
	parents := map[uint32]uint32{}
	for err = windows.Process32First(snapshot, &entry); err == nil; err = windows.Process32Next(snapshot, &entry) {
		names[entry.ProcessID] = windows.UTF16ToString(entry.ExeFile[:])
		parents[entry.ProcessID] = entry.ParentProcessID
	}
	if !errors.Is(err, windows.ERROR_NO_MORE_FILES) {
		return nil, nil, err
	}
	for grown := true; grown; {
		grown = false
		for pid, parent := range parents {
			if own[parent] && !own[pid] {
				own[pid], grown = true, true
			}
		}
	}
	return names, own, nil
}

// programs returns the names of the programs that are not ours, with and without .exe.
func (t *processTable) programs(context.Context) ([]string, error) {
	names, own, err := t.read()
	if err != nil {
		return nil, err
	}
	var list []string
	for pid, name := range names {
		if !own[pid] {
			list = append(list, name, strings.TrimSuffix(strings.ToLower(name), ".exe"))
		}
	}
	return list, nil
}

// hasScreen reports whether this process runs in the session of a person.
func hasScreen(func(string) string) bool { return besideOwner("a screen") == nil }
