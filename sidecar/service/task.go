package service

import (
	"context"
	"encoding/binary"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf16"
)

const (
	// TaskFlag is the argument of a daemon that the Task Scheduler of Windows starts.
	TaskFlag = "scheduled"
	// conhost runs a program of the console without a window.
	conhost = `%SystemRoot%\System32\conhost.exe`
	// taskFile is the file in the home from which the Task Scheduler reads the task.
	taskFile = "task.xml"
	// look is how often the Task Scheduler starts a daemon that does not run, as a duration of XML. A daemon that
	// runs is not started again.
	look = "PT5M"
)

// Task runs the daemon in the session of a user of Windows, from each logon on. There it sees keyboard, mouse,
// full-screen programs and graphics cards, which a service of Windows does not.
type Task struct {
	Name string
	// User is the security identifier (SID) of the user.
	User string
	Run  Run
	// Tell gives the daemon of a home the order to stop, and returns false if none listens. Listens reports whether one
	// does.
	Tell, Listens func(home string) (bool, error)
}

// TaskXML returns the task with which the Task Scheduler of Windows runs a daemon in the session of a user, from
// each logon on. user is the security identifier (SID) of that account. Schema: MS-TSCH 2.5, version 1.2 of the task.
func TaskXML(u Unit, user string) (string, error) {
	u.System, u.Account = false, ""
	if err := u.Validate(); err != nil {
		return "", err
	}
	if strings.Contains(u.Home, `"`) || strings.Contains(u.Exe, `"`) {
		return "", fmt.Errorf("expected paths without quotation marks, found %s and %s; move them", u.Exe, u.Home)
	}
	// A backslash before a quotation mark would make it a part of the path.
	arguments := `--headless "` + u.Exe + `" start --home "` + strings.TrimRight(u.Home, `\`) + `" --` + TaskFlag
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line(`<?xml version="1.0" encoding="UTF-16"?>`)
	line(`<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">`)
	line("  <RegistrationInfo><Description>%s</Description></RegistrationInfo>", escapeXML(u.mark()))
	line("  <Triggers>")
	line("    <LogonTrigger>")
	line("      <Repetition><Interval>%s</Interval><StopAtDurationEnd>false</StopAtDurationEnd></Repetition>", look)
	line("      <Enabled>true</Enabled>")
	line("      <UserId>%s</UserId>", escapeXML(user))
	line("    </LogonTrigger>")
	line("  </Triggers>")
	line("  <Principals>")
	line(`    <Principal id="Owner"><UserId>%s</UserId><LogonType>InteractiveToken</LogonType><RunLevel>LeastPrivilege</RunLevel></Principal>`, escapeXML(user))
	line("  </Principals>")
	line("  <Settings>")
	line("    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>")
	// The rules of the owner decide about batteries, networks and idle time.
	line("    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>")
	line("    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>")
	line("    <StartWhenAvailable>true</StartWhenAvailable>")
	line("    <RunOnlyIfNetworkAvailable>false</RunOnlyIfNetworkAvailable>")
	line("    <IdleSettings><StopOnIdleEnd>false</StopOnIdleEnd><RestartOnIdle>false</RestartOnIdle></IdleSettings>")
	line("    <Enabled>true</Enabled>")
	line("    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>")
	line("    <Priority>7</Priority>")
	line("  </Settings>")
	line(`  <Actions Context="Owner">`)
	line("    <Exec><Command>%s</Command><Arguments>%s</Arguments><WorkingDirectory>%s</WorkingDirectory></Exec>", conhost, escapeXML(arguments), escapeXML(u.Home))
	line("  </Actions>")
	line("</Task>")
	return b.String(), nil
}

// encodeTask returns the bytes of a task's file: UTF-16 with a byte order mark.
func encodeTask(text string) string {
	encoded := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(strings.ReplaceAll(text, "\n", "\r\n"))) {
		encoded = binary.LittleEndian.AppendUint16(encoded, unit)
	}
	return string(encoded)
}

// find returns the task as the Task Scheduler tells it, and whether it is enabled. Its command has one status for a task
// that does not exist and for its other errors.
func (t Task) find(ctx context.Context) (at installed, enabled bool) {
	at.Path = "the task " + t.Name
	text, err := t.Run(ctx, "schtasks", "/Query", "/TN", t.Name, "/XML")
	if err != nil || strings.TrimSpace(text) == "" {
		return at, false
	}
	var task struct {
		Description string `xml:"RegistrationInfo>Description"`
		Enabled     string `xml:"Settings>Enabled"`
	}
	// The command prints the text in the code page of the console, and its declaration names another encoding.
	if _, body, declared := strings.Cut(text, "?>"); declared {
		text = body
	}
	at.Exists = true
	if err := xml.Unmarshal([]byte(strings.ToValidUTF8(text, "?")), &task); err != nil {
		return at, false // a task that this package has not written
	}
	at.Origin, at.Ours = readMark(task.Description)
	return at, task.Enabled != "false"
}

// tasksThatUse returns the tasks of this package that run a program. They are in the first folder of the Task Scheduler.
func tasksThatUse(ctx context.Context, run Run, exe string) ([]Use, error) {
	text, err := run(ctx, "schtasks", "/Query", "/FO", "CSV", "/NH")
	if err != nil {
		return nil, fmt.Errorf("cannot list the tasks of this user: %w", err)
	}
	table := csv.NewReader(strings.NewReader(text))
	table.FieldsPerRecord, table.LazyQuotes = -1, true
	rows, err := table.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("cannot read the list of tasks: %w", err)
	}
	var uses []Use
	seen := map[string]bool{}
	for _, row := range rows {
		// A task has a row for each of its triggers.
		name, first := strings.CutPrefix(row[0], `\`)
		if !first || seen[name] || CheckName(name) != nil {
			continue
		}
		seen[name] = true
		at, _ := Task{Name: name, Run: run}.find(ctx)
		if at.Ours && (strings.EqualFold(at.Origin.Exe, exe) || sameProgram(at.Origin.Exe, exe)) {
			uses = append(uses, Use{Name: name, Path: at.Path, Ours: true, Home: at.Origin.Home})
		}
	}
	return uses, nil
}

// Install implements Supervisor.
func (t Task) Install(ctx context.Context, u Unit) (Plan, error) {
	text, err := TaskXML(u, t.User)
	if err != nil {
		return nil, err
	}
	at, _ := t.find(ctx)
	if err := at.admits(u); err != nil {
		return nil, err
	}
	file, err := readInstalled(filepath.Join(u.Home, taskFile))
	if err != nil {
		return nil, err
	}
	write := file.writeStep(encodeTask(text), func(context.Context) error { return nil })
	write.Text = text
	create := t.Run.step("", "schtasks", "/Create", "/TN", t.Name, "/XML", file.Path, "/F")
	if !at.Exists {
		create.Undo = t.Run.step("", "schtasks", "/Delete", "/TN", t.Name, "/F").Do
	}
	return Plan{write, create, t.Run.step("see "+filepath.Join(u.Home, logName), "schtasks", "/Run", "/TN", t.Name)}, nil
}

// stop tells the daemon of a home to stop, and waits until it has. The Task Scheduler would kill it.
func (t Task) stop(home string) func(context.Context) error {
	return func(ctx context.Context) error {
		listens, err := t.Tell(home)
		for err == nil && listens {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(listenPause):
			}
			listens, err = t.Listens(home)
		}
		return err
	}
}

// listenPause is how often a stop looks whether the daemon has ended.
const listenPause = 200 * time.Millisecond

// Uninstall implements Supervisor. The task is disabled before its daemon is stopped, so that it does not start again
// meanwhile.
func (t Task) Uninstall(ctx context.Context) (Plan, error) {
	at, _ := t.find(ctx)
	if !at.Exists {
		return nil, nil
	}
	if !at.Ours {
		return nil, fmt.Errorf("expected a task of thetaedge service install, found %s of something else; remove it in the way in which it was made", t.Name)
	}
	file, err := readInstalled(filepath.Join(at.Origin.Home, taskFile))
	if err != nil {
		return nil, err
	}
	plan := Plan{
		t.Run.step("", "schtasks", "/Change", "/TN", t.Name, "/DISABLE"),
		{Says: "stop the daemon of the task " + t.Name, Do: t.stop(at.Origin.Home)},
		t.Run.step("", "schtasks", "/Delete", "/TN", t.Name, "/F"),
	}
	if file.Exists {
		plan = append(plan, file.removeStep())
	}
	return plan, nil
}

// State implements Supervisor.
func (t Task) State(ctx context.Context) (State, error) {
	state := State{
		Path: "the task " + t.Name, Is: "stopped", Logs: logName + " in its home",
		Enable: "schtasks /Change /TN " + t.Name + " /ENABLE", Start: "schtasks /Run /TN " + t.Name,
	}
	at, enabled := t.find(ctx)
	if !at.Exists {
		return state, nil
	}
	state.Installed, state.Enabled, state.Ours, state.Home, state.Exe = true, enabled, at.Ours, at.Origin.Home, at.Origin.Exe
	var err error
	if at.Ours {
		state.Running, err = t.Listens(at.Origin.Home)
	}
	return state, err
}

// Advice implements Supervisor.
func (t Task) Advice(context.Context) string {
	return "the log: " + logName + " in the home\nthe node runs while you are logged in, and ends when you log out, which can cost bond"
}

// Leaves implements Supervisor.
func (t Task) Leaves() string { return "" }
