package service_test

import (
	"context"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/thetaedge/theta/sidecar/service"
)

// sessionUnit is a unit whose paths need quotation marks and references of XML.
func sessionUnit() service.Unit {
	return service.Unit{Name: "attic", Exe: `C:\Program Files\T&E\thetaedge.exe`, Home: `C:\Users\Jörg Müller\.thetaedge`, Drain: time.Minute}
}

func TestATaskRunsTheDaemonAtEachLogon(t *testing.T) {
	text, err := service.TaskXML(sessionUnit(), "S-1-5-21-1-2-3-1001")
	require.NoError(t, err)
	golden(t, "testdata/task.xml", text)
	// The text becomes a string of UTF-16 on its way; here it is UTF-8.
	var task struct {
		Trigger struct {
			User  string `xml:"UserId"`
			Again string `xml:"Repetition>Interval"`
		} `xml:"Triggers>LogonTrigger"`
		Limit     string `xml:"Settings>ExecutionTimeLimit"`
		Arguments string `xml:"Actions>Exec>Arguments"`
	}
	require.NoError(t, xml.Unmarshal([]byte(text[len(`<?xml version="1.0" encoding="UTF-16"?>`):]), &task))
	require.Equal(t, "S-1-5-21-1-2-3-1001", task.Trigger.User)
	require.Equal(t, "PT5M", task.Trigger.Again)
	require.Equal(t, "PT0S", task.Limit, "it is not ended after three days")
	require.Equal(t, `--headless "C:\Program Files\T&E\thetaedge.exe" start --home "C:\Users\Jörg Müller\.thetaedge" --scheduled`, task.Arguments)
}

func TestATaskRefusesPathsThatACommandLineCannotHold(t *testing.T) {
	for name, change := range map[string]func(*service.Unit){
		"a quotation mark": func(u *service.Unit) { u.Home = `C:\a"b` },
		"a line":           func(u *service.Unit) { u.Home = "C:\\a\nb" },
		"a relative path":  func(u *service.Unit) { u.Exe = "thetaedge.exe" },
	} {
		unit := sessionUnit()
		change(&unit)
		_, err := service.TaskXML(unit, "S-1-5-18")
		require.ErrorContains(t, err, "expected", name)
	}
}

// tasks is a fake of the Task Scheduler that knows one task, and of its daemon.
type tasks struct {
	t             *testing.T
	ran           []string
	text          string
	disabled, up  bool
	fails         string
	told, endings int
}

func (s *tasks) run(_ context.Context, program string, arguments ...string) (string, error) {
	require.Equal(s.t, "schtasks", program)
	if arguments[1] == "/FO" {
		return "\"\\Microsoft\\Windows\\Defrag\",\"N/A\",\"Ready\"\r\n\"\\attic\",\"N/A\",\"Wird ausgef\xfchrt\"\r\n\"\\attic\",\"N/A\",\"\"\r\n\r\n", nil
	}
	if arguments[0] != "/Query" {
		s.ran = append(s.ran, strings.Join(arguments[:3], " "))
	}
	if arguments[0] == s.fails {
		return "", errors.New("broken")
	}
	switch arguments[0] {
	case "/Create":
		raw, err := os.ReadFile(arguments[4])
		require.NoError(s.t, err)
		require.Equal(s.t, "\xff\xfe<\x00?\x00", string(raw[:6]), "UTF-16 with a byte order mark")
		s.text, s.disabled = decodeUTF16(raw[2:]), false
	case "/Delete":
		s.text = ""
	case "/Change":
		s.disabled = true
	case "/Run":
		s.up = true
	case "/Query":
		if s.text == "" {
			return "", errors.New("exit status 1")
		}
		if s.disabled {
			return strings.Replace(s.text, "</IdleSettings>\r\n    <Enabled>true", "</IdleSettings>\r\n    <Enabled>false", 1), nil
		}
		return s.text, nil
	}
	return "", nil
}

// tell ends the daemon when it was looked at twice.
func (s *tasks) tell(string) (bool, error) {
	require.True(s.t, s.disabled || !s.up, "it would be started again")
	s.told++
	s.endings = 2
	return s.up, nil
}

func (s *tasks) listens(string) (bool, error) {
	if s.endings--; s.endings == 0 {
		s.up = false
	}
	return s.up, nil
}

func decodeUTF16(raw []byte) string {
	var b strings.Builder
	for i := 0; i+1 < len(raw); i += 2 {
		b.WriteRune(rune(raw[i]) | rune(raw[i+1])<<8)
	}
	return b.String()
}

func TestATaskIsInstalledKeptAndRemoved(t *testing.T) {
	s := &tasks{t: t}
	task := service.Task{Name: "attic", User: "S-1-5-21-1", Run: s.run, Tell: s.tell, Listens: s.listens}
	unit := awkward()
	unit.System, unit.Home = false, t.TempDir()
	unit.Exe = strings.ReplaceAll(unit.Exe, `"`, "")
	plan, err := task.Install(t.Context(), unit)
	require.NoError(t, do(t, plan, err))
	require.Equal(t, []string{"/Create /TN attic", "/Run /TN attic"}, s.ran)
	state, err := task.State(t.Context())
	require.NoError(t, err)
	report(t, state, nil, true, "installed, enabled, running, healthy")
	require.Equal(t, []string{unit.Home, unit.Exe}, []string{state.Home, state.Exe})

	plan, err = task.Install(t.Context(), unit)
	require.NoError(t, do(t, plan, err), "again, after an upgrade")
	other := unit
	other.Home = t.TempDir()
	_, err = task.Install(t.Context(), other)
	require.ErrorContains(t, err, "found one of the program")
	uses, err := service.TasksThatUse(t.Context(), s.run, strings.ToUpper(unit.Exe))
	require.NoError(t, err)
	require.Equal(t, []service.Use{{Name: "attic", Path: "the task attic", Ours: true, Home: unit.Home}}, uses)
	uses, err = service.TasksThatUse(t.Context(), s.run, "another")
	require.NoError(t, err)
	require.Empty(t, uses)

	s.ran = nil
	plan, err = task.Uninstall(t.Context())
	require.NoError(t, do(t, plan, err))
	require.Equal(t, []string{"/Change /TN attic", "/Delete /TN attic"}, s.ran)
	require.Equal(t, 1, s.told)
	require.False(t, s.up, "the daemon has ended before its task was removed")
	require.NoFileExists(t, filepath.Join(unit.Home, "task.xml"))
	plan, err = task.Uninstall(t.Context())
	require.NoError(t, err)
	require.Empty(t, plan)
}

func TestATaskThatCannotBeMadeLeavesNothing(t *testing.T) {
	s := &tasks{t: t, fails: "/Run"}
	task := service.Task{Name: "attic", User: "S-1-5-21-1", Run: s.run, Tell: s.tell, Listens: s.listens}
	unit := userUnit()
	unit.Home = t.TempDir()
	plan, err := task.Install(t.Context(), unit)
	require.NoError(t, err)
	require.ErrorContains(t, plan.Do(t.Context()), "broken")
	require.Empty(t, s.text)
	require.NoFileExists(t, filepath.Join(unit.Home, "task.xml"))
}

func TestATaskOfAnotherProgramIsNotTouched(t *testing.T) {
	for name, text := range map[string]string{
		"no mark":     "<Task><RegistrationInfo><Description>backup</Description></RegistrationInfo></Task>",
		"not of XML":  "\xff\xfe\x00",
		"without end": "<Task><RegistrationInfo>",
	} {
		s := &tasks{t: t, text: text}
		task := service.Task{Name: "attic", User: "S-1-5-21-1", Run: s.run, Tell: s.tell, Listens: s.listens}
		unit := userUnit()
		unit.Home = t.TempDir()
		_, err := task.Install(t.Context(), unit)
		require.ErrorContains(t, err, "something else wrote", name)
		_, err = task.Uninstall(t.Context())
		require.ErrorContains(t, err, "of something else", name)
		require.Empty(t, s.ran, name)
	}
}
