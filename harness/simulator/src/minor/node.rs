//! What differs by minor on nodes: kubelet, runtime, container states.
