package jinja

import (
	"errors"
	"fmt"
	"strings"

	"github.com/thetaedge/theta/models/chat"
)

// thought ends what models think before they answer.
const thought = "</think>"

// Marks that stand for messages. They are letters of no script, and no white space.
const (
	markSystem     = "\ue000system\ue001"
	markFirst      = "\ue000first\ue001"
	markAnswer     = "\ue000answer\ue001"
	markSecond     = "\ue000second\ue001"
	markNextAnswer = "\ue000next\ue001"
	markThird      = "\ue000third\ue001"
)

// Find returns the chat format of a template. Begin and end are the texts that the template knows
// as bos_token and eos_token. It returns an error if the template cannot be rendered, or if fixed
// texts between messages do not give what it gives.
func Find(text, begin, end string) (chat.Format, error) {
	t, err := parse(text, begin, end)
	if err != nil {
		return chat.Format{}, fmt.Errorf("chat template: %w", err)
	}
	f, err := t.find()
	if err != nil {
		return chat.Format{}, fmt.Errorf("chat template: %w", err)
	}
	if err := t.verify(f); err != nil {
		return chat.Format{}, fmt.Errorf("chat template: %w", err)
	}
	return f, nil
}

// talk returns a conversation that begins with the user, or with a system message if there is one.
func talk(system string, turns ...string) []chat.Message {
	var messages []chat.Message
	if system != "" {
		messages = append(messages, chat.Message{Role: chat.System, Content: system})
	}
	for i, content := range turns {
		messages = append(messages, chat.Message{Role: []string{chat.User, chat.Assistant}[i%2], Content: content})
	}
	return messages
}

// gaps returns the texts around marks, which have to come in this order and once each.
func gaps(text string, marks ...string) ([]string, error) {
	var all []string
	for _, mark := range marks {
		before, after, ok := strings.Cut(text, mark)
		if !ok {
			return nil, errors.New("expected each message once and in its order, found another text: the template does more than to put texts between messages")
		}
		all = append(all, before)
		text = after
	}
	if strings.Contains(text, "\ue000") || strings.Contains(strings.Join(all, ""), "\ue000") {
		return nil, errors.New("expected each message once, found one twice: the template does more than to put texts between messages")
	}
	return append(all, text), nil
}

func (t *template) find() (chat.Format, error) {
	f := chat.Format{Version: chat.FormatVersion}
	text, err := t.render(talk("", markFirst, markAnswer, markSecond), nil)
	if err != nil {
		return f, err
	}
	all, err := gaps(text, markFirst, markAnswer, markSecond)
	if err != nil {
		return f, err
	}
	f.Start, f.AfterUser, f.AfterAssistant, f.Generate = all[0], all[1], all[2], all[3]
	if err := t.findSystem(&f); err != nil {
		return f, err
	}
	t.findTrims(&f)
	return f, t.findThinking(&f)
}

// findSystem finds where the system message stands.
func (t *template) findSystem(f *chat.Format) error {
	one, err := t.render(talk(markSystem, markFirst), nil)
	if err != nil {
		f.NoSystem = true
		return nil
	}
	around, err := gaps(one, markSystem, markFirst)
	if err != nil {
		return err
	}
	f.BeforeSystem, f.AfterSystem = around[0], around[1]
	two, err := t.render(talk(markSystem, markFirst, markAnswer, markSecond), nil)
	if err != nil {
		return err
	}
	if _, err := gaps(two, markSystem, markFirst, markAnswer, markSecond); err == nil {
		return nil
	}
	late, err := gaps(two, markFirst, markAnswer, markSystem, markSecond)
	if err != nil {
		return err
	}
	f.SystemLast, f.BeforeSystemLast = true, late[2]
	return nil
}

// findTrims finds the messages that lose the white space around them.
func (t *template) findTrims(f *chat.Format) {
	const left, right = "\n\t", "\t\n"
	// keeps reports whether the white space before and behind a mark is still there.
	keeps := func(messages []chat.Message, mark string) (before, behind bool) {
		text, err := t.render(messages, nil)
		return err != nil || strings.Contains(text, left+mark), err != nil || strings.Contains(text, mark+right)
	}
	_, user := keeps(talk("", left+markFirst+right), markFirst)
	_, assistant := keeps(talk("", markFirst, left+markAnswer+right, markSecond), markAnswer)
	f.TrimUser, f.TrimAssistant = !user, !assistant
	if f.NoSystem {
		return
	}
	_, system := keeps(talk(left+markSystem+right, markFirst), markSystem)
	before, _ := keeps(talk(markSystem, left+markFirst+right), markFirst)
	f.TrimSystem, f.TrimRightAfterSystem = !system, f.TrimUser && before
}

// findThinking finds whether thoughts are left out, and how the model is told not to think.
func (t *template) findThinking(f *chat.Format) error {
	text, err := t.render(talk("", markFirst, "<think>\n\ue002\n"+thought+"\n\n"+markAnswer, markSecond), nil)
	if err != nil {
		return err
	}
	if !strings.Contains(text, "\ue002") {
		f.Thought = thought
	}
	off := false
	direct, err := t.render(talk("", markFirst), &off)
	if err != nil {
		return err
	}
	all, err := gaps(direct, markFirst)
	if err != nil {
		return err
	}
	if all[1] != f.Generate {
		f.Direct = all[1]
	}
	return nil
}

// verify compares a format with its template.
func (t *template) verify(f chat.Format) error {
	off := false
	for _, messages := range conversations() {
		if f.NoSystem && messages[0].Role == chat.System {
			continue
		}
		for _, thinking := range []*bool{nil, &off} {
			direct := thinking != nil && f.Direct != ""
			want, err := t.render(messages, thinking)
			if err != nil {
				return err
			}
			got, err := f.Render(messages, direct)
			if err != nil {
				return err
			}
			if got != want {
				return fmt.Errorf("expected fixed texts between messages, found a conversation for which they give %.300q and the template %.300q", got, want)
			}
		}
	}
	return nil
}

// conversations returns those that a format and its template have to agree on.
func conversations() [][]chat.Message {
	return [][]chat.Message{
		talk("", "Hello"),
		talk("Be brief.", "Hello"),
		talk("", "Hello", "Hi!", "How are you?"),
		talk("Be brief.\nBe kind.", "Hello", "Hi!", "How are you?"),
		talk("", "1", "2", "3", "4", "5"),
		talk("s", "1", "2", "3", "4", "5", "6", "7"),
		talk("", "  spaces around \n", "\n\n and here\t", " x "),
		talk(" \n system ", "a\n\nb", "c  d", "e"),
		talk("", "quotes ' \" \\ {{ x }} {% if %} {# #} é 漢 😀", "<b>&amp;</b>", "ok"),
		talk("", "", "a", "b"),
		talk("", "a", "", "b"),
		talk("", "a", "<think>\nfirst\n</think>\n\nthen", "b"),
		talk("x", "a", "<think>one</think>two</think>three", "b", "no thought", "c"),
		talk("", "[INST] <s> </s> [/INST] <|im_end|>", "<|eot_id|>", "<<SYS>>"),
		talk("", markThird, markNextAnswer, markSecond),
	}
}
