package tfjs

import (
	"encoding/json"
	"errors"
	"fmt"
)

// file is the JSON of a model.
type file struct {
	Format   string `json:"format"`
	Topology struct {
		Config struct {
			Class  string `json:"class_name"`
			Config struct {
				Layers  []layer           `json:"layers"`
				Inputs  []json.RawMessage `json:"input_layers"`
				Outputs []json.RawMessage `json:"output_layers"`
			} `json:"config"`
		} `json:"model_config"`
	} `json:"modelTopology"`
	Manifest []group `json:"weightsManifest"`
}

// layer is a layer as it is written.
type layer struct {
	Class   string                `json:"class_name"`
	Name    string                `json:"name"`
	Inbound [][][]json.RawMessage `json:"inbound_nodes"`
	Config  config                `json:"config"`
}

// config holds the settings of all kinds of layers.
type config struct {
	Shape         []*int `json:"batch_input_shape"`
	Filters       int    `json:"filters"`
	Kernel        []int  `json:"kernel_size"`
	Strides       []int  `json:"strides"`
	Dilation      []int  `json:"dilation_rate"`
	Padding       string `json:"padding"`
	DataFormat    string `json:"data_format"`
	Groups        *int   `json:"groups"`
	Activation    string `json:"activation"`
	UseBias       *bool  `json:"use_bias"`
	Axis          int    `json:"axis"`
	Size          []int  `json:"size"`
	Interpolation string `json:"interpolation"`
}

// topology is a model under construction.
type topology struct {
	model Model
	// places are those of the layers by name.
	places map[string]int
	// read are the places that a layer reads.
	read map[int]bool
	// biased says by layer whether a Conv has biases.
	biased map[int]bool
}

// parse reads the layers without their weights.
func parse(text []byte) (*topology, []group, error) {
	if len(text) > MaxTopology {
		return nil, nil, fmt.Errorf("expected a model of at most %d bytes of JSON, found %d", MaxTopology, len(text))
	}
	var f file
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, nil, fmt.Errorf("expected a model as JSON: %w", err)
	}
	if f.Format != "layers-model" {
		return nil, nil, fmt.Errorf(`expected the format "layers-model", found %q`, f.Format)
	}
	network := f.Topology.Config
	if network.Class != "Functional" && network.Class != "Model" {
		return nil, nil, fmt.Errorf(`expected a network of class "Functional" or "Model", found %q`, network.Class)
	}
	layers := network.Config.Layers
	if len(layers) < 2 || len(layers) > MaxLayers {
		return nil, nil, fmt.Errorf("expected 2 to %d layers, found %d", MaxLayers, len(layers))
	}
	t := &topology{places: map[string]int{}, read: map[int]bool{}, biased: map[int]bool{}}
	for i, l := range layers {
		if err := t.add(i, l); err != nil {
			return nil, nil, fmt.Errorf("layer %d (%q): %w", i, l.Name, err)
		}
	}
	if err := t.ends(network.Config.Inputs, network.Config.Outputs); err != nil {
		return nil, nil, err
	}
	return t, f.Manifest, nil
}

// add appends a layer.
func (t *topology) add(i int, l layer) error {
	if _, found := t.places[l.Name]; found || l.Name == "" {
		return errors.New("expected a name of its own, found one that is empty or in use")
	}
	t.places[l.Name] = i
	if i == 0 {
		return t.input(l)
	}
	from, err := t.sources(l)
	if err != nil {
		return err
	}
	made := Layer{Name: l.Name, Kind: Kind(l.Class), From: from}
	switch made.Kind {
	case Conv:
		err = t.conv(&made, l.Config)
	case Relu:
		err = t.activation(&made, l.Config)
	case Add:
		err = t.sum(&made)
	case Concat:
		err = t.concat(&made, l.Config)
	case Upsample:
		err = t.upsample(&made, l.Config)
	default:
		err = fmt.Errorf("expected Conv2D, Activation, Add, Concatenate or UpSampling2D, found %q", l.Class)
	}
	t.model.Layers = append(t.model.Layers, made)
	return err
}

// input reads the picture.
func (t *topology) input(l layer) error {
	if l.Class != "InputLayer" || len(l.Inbound) != 0 {
		return fmt.Errorf("expected an InputLayer first, found %q", l.Class)
	}
	shape := l.Config.Shape
	if len(shape) != 4 || shape[3] == nil || *shape[3] != 3 {
		return errors.New("expected pictures [batch,height,width,3]")
	}
	t.model.Inputs = 3
	return nil
}

// sources returns the places that a layer reads, all of which come before it.
func (t *topology) sources(l layer) ([]int, error) {
	if len(l.Inbound) != 1 {
		return nil, fmt.Errorf("expected one use of the layer, found %d", len(l.Inbound))
	}
	var from []int
	for _, node := range l.Inbound[0] {
		place, err := t.place(node)
		if err != nil {
			return nil, err
		}
		t.read[place] = true
		from = append(from, place)
	}
	return from, nil
}

// place reads a reference to the output of a layer: its name and two zeros.
func (t *topology) place(node []json.RawMessage) (int, error) {
	var name string
	var use, output int
	if len(node) < 3 {
		return 0, errors.New("expected references [name, 0, 0], found a shorter one")
	}
	if err := errors.Join(json.Unmarshal(node[0], &name), json.Unmarshal(node[1], &use), json.Unmarshal(node[2], &output)); err != nil {
		return 0, fmt.Errorf("expected references [name, 0, 0]: %w", err)
	}
	place, found := t.places[name]
	if !found || place > len(t.model.Layers) {
		return 0, fmt.Errorf("expected the name of an earlier layer, found %q", name)
	}
	if use != 0 || output != 0 {
		return 0, fmt.Errorf("expected the only output of %q, found use %d and output %d", name, use, output)
	}
	return place, nil
}

// ends checks that the network leads from the first layer to the last one, and that each layer
// is used.
func (t *topology) ends(inputs, outputs []json.RawMessage) error {
	last := len(t.model.Layers)
	for _, end := range []struct {
		name  string
		nodes []json.RawMessage
		place int
	}{{"input", inputs, 0}, {"output", outputs, last}} {
		if len(end.nodes) != 1 {
			return fmt.Errorf("expected one %s, found %d", end.name, len(end.nodes))
		}
		var node []json.RawMessage
		if err := json.Unmarshal(end.nodes[0], &node); err != nil {
			return fmt.Errorf("%s: %w", end.name, err)
		}
		place, err := t.place(node)
		if err != nil {
			return fmt.Errorf("%s: %w", end.name, err)
		}
		if place != end.place {
			return fmt.Errorf("expected the %s to be layer %d, found layer %d", end.name, end.place, place)
		}
	}
	for place := range last {
		if !t.read[place] {
			return fmt.Errorf("expected a layer that reads layer %d, found none", place)
		}
	}
	return nil
}
