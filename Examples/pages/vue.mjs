// Vue 3: a composable with the messages and the state, which closes when the component goes.
//
//     <script setup>
//     const { page } = defineProps(["page"]);                         // { client, urls, cursor }
//     const { messages, state } = useMegaComet(page);
//     </script>
//     <template><ul :title="state"><li v-for="line in messages" :key="line.id">{{ line.text }}</li></ul></template>
import { onMounted, onUnmounted, ref } from "vue";
import MegaComet from "./megacomet.mjs"; // a copy: curl -O http://localhost:8000/_/megacomet.mjs

export function useMegaComet(options) {
  const messages = ref([]), state = ref("closed");
  const comet = new MegaComet(options);
  comet.onmessage = (data) => messages.value.push(data);
  comet.onstate = (now) => (state.value = now);
  onMounted(() => comet.connect());
  onUnmounted(() => comet.close());
  return { messages, state, comet }; // comet: for `on`, `ongap` and `onpresence`
}
