"""Ray: started or reached, given the code and the packs, and watched. Only here and in the trainable is it known."""
